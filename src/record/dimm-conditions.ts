/** What one reading of a module says of each condition. Pure: no history, no incidents. */
import type { HealthFields, HealthReading, KnownState, ModuleProblem } from '../model/health.ts';
import {
  energySourceStanding,
  isLifeOver,
  lastSaveFailed,
  lifeStanding,
  type Standing,
  sensors,
  spareStanding,
  temperatureLimitOf,
  temperatureOf,
  temperatureStanding,
} from '../model/health-judgement.ts';
import type { Condition, IncidentHealth, Severity } from '../model/incident.ts';
import { problemsOf } from '../model/module-problems.ts';
import { isWorse } from './severity.ts';

export interface Finding {
  readonly condition: Condition;
  readonly standing: Standing;
  readonly severity: Severity;
  /** what is wrong, for people; '' unless crossed */
  readonly detail: string;
  /** it happened once more: told also while it is open */
  readonly isAgain?: true;
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
export function healthOf({ at, health, fields }: HealthReading): IncidentHealth {
  return { readAt: at, readable: health.kind === 'ok', fields };
}

/** A probe that was started anew fails its first call: only what fails twice in a row is told. */
const FAILURES_TOLD = 2;

export function findingsOf(reading: HealthReading, limits: HealthLimits): Finding[] {
  const { fields } = reading;
  return [
    stateFinding(fields),
    unreadableFinding(reading),
    spareFinding(fields),
    wornFinding(fields),
    temperatureFinding(fields),
    energyFinding(fields, limits),
    ...failureFindings(reading),
  ];
}

function finding(condition: Condition, standing: Standing, detail: string, severity: Severity = 'warning'): Finding {
  return { condition, standing, severity, detail: standing === 'crossed' ? detail : '' };
}

/** A module that names what does not work in it is ill, whatever state it gives itself. */
function stateFinding(fields: HealthFields): Finding {
  const { state, problems = [] } = fields;
  const named = problemsOf(fields, 'module');
  const byName = problemsOf(fields, 'module', 'critical').length > 0 ? 'critical' : 'noncritical';
  if (named.length > 0 && (state === undefined || isWorse(severities[byName], severities[state]))) {
    const yet = state === undefined ? '' : `, though it calls itself ${state === 'ok' ? state : 'non-critical'}`;
    const detail = `${words[byName]} by what it names itself (${named.map(spoken).join(', ')})${yet}`;
    return finding('dimm_health', 'crossed', detail, severities[byName]);
  }
  if (state === undefined) return finding('dimm_health', 'unknown', '');
  const wrong = problems.length === 0 ? '' : ` (${problems.map(spoken).join(', ')})`;
  return finding('dimm_health', state === 'ok' ? 'fine' : 'crossed', `${meanings[state]}${wrong}`, severities[state]);
}
const words = { noncritical: 'non-critical', critical: 'critical' } as const;

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

function wornFinding(fields: HealthFields): Finding {
  const problems = problemsOf(fields, 'life');
  const { lifeUsedPercent: used, lifeUsedThresholdPercent: own } = fields;
  const howMuch = used === undefined ? '' : `, of which it says that ${used} % are used`;
  const byValue = used !== undefined && own !== undefined && used >= own;
  const detail =
    problems.length > 0
      ? problems.map(spoken).join(', ')
      : byValue
        ? `${used} % of its rated life is used, the limit of the module is ${own} %`
        : `the module raises the alarm for its life${howMuch}`;
  const standing = problems.length > 0 ? 'crossed' : orNamed(lifeStanding(fields), fields);
  return finding('dimm_worn', standing, detail, isLifeOver(fields) ? 'critical' : 'warning');
}
/** Where nothing else is known, a module that names its problems and not this one is free of it. */
function orNamed(standing: Standing, { problems }: HealthFields): Standing {
  return standing === 'unknown' && problems !== undefined ? 'fine' : standing;
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
  const doubtful = problemsOf(fields, 'energy_source');
  if (doubtful.length > 0) return finding('energy_source_worn', 'crossed', doubtful.map(spoken).join(', '));
  const { energySourceLifeUsedPercent: used, energySourceLifeUsedThresholdPercent: own } = fields;
  const limit = own ?? energySourceUsedPercent;
  const isUsed = used !== undefined && used >= limit;
  const howMuch = used === undefined ? '' : `, of which it says that ${used} % are used`;
  const detail = isUsed
    ? `${used} % of the life of its energy source is used, ${own === undefined ? 'the limit' : 'the limit of the module'} is ${limit} %`
    : `the module raises the alarm for the life of its energy source${howMuch}`;
  return finding('energy_source_worn', orNamed(energySourceStanding(fields, energySourceUsedPercent), fields), detail);
}

/** What the kernel's flags and the module's own status say together; either may be missing. */
function failureFindings({ fields, health }: HealthReading): Finding[] {
  const { flags, problems, armed, lastBackupNotes, lastShutdownClean } = fields;
  const told = (flag: string | undefined, problem: ModuleProblem | undefined): Standing => {
    const byKernel = flag === undefined ? undefined : flags?.includes(flag);
    const byModule = problem === undefined ? undefined : problems?.includes(problem);
    if (byKernel === true || byModule === true) return 'crossed';
    // what a module said that cannot be read now is not taken back by the kernel
    if (problem !== undefined && health.kind === 'failed') return 'unknown';
    return byKernel === false || byModule === false ? 'fine' : 'unknown';
  };
  const charging = problemsOf(fields, 'arming', 'noncritical').length > 0;
  const unarmed = armed === false || charging ? 'crossed' : told('not_armed', 'arm_failed');
  const save = lastSaveFailed(fields) ? 'crossed' : told('save_fail', 'save_failed');
  const why = lastBackupNotes === undefined ? '' : ` (${lastBackupNotes.join(', ')})`;
  // the kernel sets this flag for a dirty shutdown too, which is told as what it is
  const flush =
    lastShutdownClean === false && flags?.includes('flush_fail') ? 'unknown' : told('flush_fail', undefined);
  return [
    finding(
      'dimm_not_armed',
      unarmed,
      `${charging ? 'its energy source is still charging: until then ' : ''}it will not keep its content when the power fails`,
      charging ? 'info' : 'warning',
    ),
    finding(
      'dimm_save_failed',
      save,
      `its last save did not succeed${why}: what it held at the last power loss may be lost`,
      'critical',
    ),
    finding(
      'dimm_restore_failed',
      told('restore_fail', 'restore_failed'),
      'its content was not restored when the host was started',
      'critical',
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
