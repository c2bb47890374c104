/** What one reading of a module says of each condition. Pure: no history, no incidents. */
import type { HealthFields, HealthReading, KnownState, ModuleProblem } from '../model/health.ts';
import {
  energySourceStanding,
  type Standing,
  sensors,
  spareStanding,
  temperatureLimitOf,
  temperatureOf,
  temperatureStanding,
} from '../model/health-judgement.ts';
import type { Condition, Severity } from '../model/incident.ts';
import { problemsOf } from '../model/module-problems.ts';

export interface Finding {
  readonly condition: Condition;
  readonly standing: Standing;
  readonly severity: Severity;
  /** what is wrong, for people; '' unless crossed */
  readonly detail: string;
}
export interface HealthLimits {
  /** life used of the energy source, where the module has no threshold of its own */
  readonly energySourceUsedPercent: number;
}

export const defaultHealthLimits: HealthLimits = { energySourceUsedPercent: 80 };

const severities: Readonly<Record<KnownState, Severity>> = {
  ok: 'info',
  noncritical: 'warning',
  critical: 'critical',
  fatal: 'critical',
};
const meanings: Readonly<Record<KnownState, string>> = {
  ok: 'ok',
  noncritical: 'non-critical: it needs maintenance',
  critical: 'critical: it is degraded by failures',
  fatal: 'fatal: data was lost or will be',
};
/** A probe that was started anew fails its first call: only what fails twice in a row is told. */
const FAILURES_TOLD = 2;

export function findingsOf(reading: HealthReading, limits: HealthLimits): Finding[] {
  const { fields } = reading;
  return [
    stateFinding(fields),
    unreadableFinding(reading),
    spareFinding(fields),
    temperatureFinding(fields),
    energyFinding(fields, limits),
    ...failureFindings(fields),
  ];
}

function finding(condition: Condition, standing: Standing, detail: string, severity: Severity = 'warning'): Finding {
  return { condition, standing, severity, detail: standing === 'crossed' ? detail : '' };
}

function stateFinding({ state, problems = [] }: HealthFields): Finding {
  if (state === undefined) return finding('dimm_health', 'unknown', '');
  const wrong = problems.length === 0 ? '' : ` (${problems.map(spoken).join(', ')})`;
  return finding('dimm_health', state === 'ok' ? 'fine' : 'crossed', `${meanings[state]}${wrong}`, severities[state]);
}

function unreadableFinding({ health, failedInARow }: HealthReading): Finding {
  if (health.kind === 'ok') return finding('health_unreadable', 'fine', '');
  // a stuck device is told as that, and a platform without health data is no failure
  if (health.kind === 'unsupported' || health.code === 'DEVICE_STUCK' || failedInARow < FAILURES_TOLD) {
    return finding('health_unreadable', 'unknown', '');
  }
  const lacksPrivilege = ['EACCES', 'EPERM', 'ENOENT'].includes(health.errno ?? '');
  return finding('health_unreadable', 'crossed', health.reason, lacksPrivilege ? 'info' : 'warning');
}

function spareFinding(fields: HealthFields): Finding {
  const { sparePercent: value, spareThresholdPercent: limit } = fields;
  const detail =
    value === undefined || limit === undefined
      ? 'the module raises its spare alarm, and does not tell how much is left or where its limit is'
      : `${value} % spare capacity is left, the limit of the module is ${limit} %`;
  return finding('dimm_spare_low', spareStanding(fields), detail, value === 0 ? 'critical' : 'warning');
}

function temperatureFinding(fields: HealthFields): Finding {
  const standings = sensors.map((sensor) => temperatureStanding(fields, sensor));
  const hot = sensors.filter((_, i) => standings[i] === 'crossed');
  const detail = hot
    .map((sensor) => {
      const [value, limit] = [temperatureOf(fields, sensor), temperatureLimitOf(fields, sensor)];
      if (value === undefined || limit === undefined)
        return `the module raises its ${spoken(sensor)} temperature alarm`;
      return `${spoken(sensor)} at ${value} °C, the limit of the module is ${limit} °C`;
    })
    .join('; ');
  return finding('dimm_temperature', together(standings), detail);
}
/** Crossed when one is; fine only when none is nearly so and one is known. */
function together(standings: readonly Standing[]): Standing {
  if (standings.includes('crossed')) return 'crossed';
  if (standings.includes('between')) return 'between';
  return standings.includes('fine') ? 'fine' : 'unknown';
}

function energyFinding(fields: HealthFields, { energySourceUsedPercent }: HealthLimits): Finding {
  const failed = problemsOf(fields, 'energy_source', 'critical');
  if (failed.length > 0) return finding('energy_source_worn', 'crossed', failed.map(spoken).join(', '), 'critical');
  const { energySourceLifeUsedPercent: used, energySourceLifeUsedThresholdPercent: own } = fields;
  const limit = own ?? energySourceUsedPercent;
  const isUsed = used !== undefined && used >= limit;
  const howMuch = used === undefined ? '' : `, of which it says that ${used} % are used`;
  const detail = isUsed
    ? `${used} % of the life of its energy source is used, ${own === undefined ? 'the limit' : 'the limit of the module'} is ${limit} %`
    : `the module raises the alarm for the life of its energy source${howMuch}`;
  return finding('energy_source_worn', energySourceStanding(fields, energySourceUsedPercent), detail);
}

/** What the kernel's flags and the module's own status say together; either may be missing. */
function failureFindings(fields: HealthFields): Finding[] {
  const { flags, problems, armed, lastBackupComplete, lastBackupNotes, lastShutdownClean } = fields;
  const told = (flag: string | undefined, problem: ModuleProblem | undefined): Standing => {
    const byKernel = flag === undefined ? undefined : flags?.includes(flag);
    const byModule = problem === undefined ? undefined : problems?.includes(problem);
    if (byKernel === true || byModule === true) return 'crossed';
    return byKernel === false || byModule === false ? 'fine' : 'unknown';
  };
  const arming = armed === false || problems?.includes('arm_failed') === true;
  const save = lastBackupComplete === false ? 'crossed' : told('save_fail', 'save_failed');
  const why = lastBackupNotes === undefined ? '' : ` (${lastBackupNotes.join(', ')})`;
  // the kernel sets this flag for a dirty shutdown too, which is told as what it is
  const flush =
    lastShutdownClean === false && flags?.includes('flush_fail') ? 'unknown' : told('flush_fail', undefined);
  return [
    finding(
      'dimm_not_armed',
      arming ? 'crossed' : armed === undefined ? 'unknown' : 'fine',
      'it will not keep its content when the power fails',
    ),
    finding(
      'dimm_save_failed',
      save,
      `its last save did not succeed${why}: what it held at the last power loss may be lost`,
    ),
    finding(
      'dimm_restore_failed',
      told('restore_fail', 'restore_failed'),
      'its content was not restored when the host was started',
    ),
    finding(
      'dimm_flush_failed',
      flush,
      'the platform could not flush its caches to it at the last shutdown: the last writes may be lost',
    ),
    finding('dimm_erase_failed', told(undefined, 'erase_failed'), 'its last erase did not succeed'),
    finding(
      'dimm_map_failed',
      told('map_fail', undefined),
      'the platform could not map it: its content is not to be seen',
    ),
  ];
}

function spoken(word: string): string {
  return word.replaceAll('_', ' ');
}
