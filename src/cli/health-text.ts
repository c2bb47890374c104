/** The health of a module as a person reads it. */
import type { HealthFields } from '../model/health.ts';
import { sensors, temperatureLimitOf, temperatureOf } from '../model/health-judgement.ts';
import type { ReplacementAdvice } from '../model/replacement-advice.ts';
import type { ListedHealth } from './listing.ts';
import { counted, type Paint, printable, type Style } from './print.ts';

const styles: Readonly<Record<ListedHealth['state'], Style>> = {
  ok: 'green',
  noncritical: 'yellow',
  critical: 'red',
  fatal: 'red',
  unknown: 'yellow',
};

/** One line for the state and what it rests on, one for each thing that is wrong or not as it seems. */
export function healthText(health: ListedHealth | null, paint: Paint): string[] {
  if (health === null) return [];
  const { fields, doubtedAlarms } = health;
  const told = [...wear(fields), ...temperatures(fields), ...shutdowns(fields)];
  const facts = told.length === 0 ? '' : `  ${told.join(', ')}`;
  const history = [...operations(fields), ...made(fields)];
  const more = history.length === 0 ? [] : [paint('dim', history.map(printable).join(', '))];
  const lines = [`health ${stateText(health, paint)}${facts}`, ...more];
  const problems = [...(fields.problems ?? []), ...alarmsOf(fields, doubtedAlarms), ...failures(fields)];
  if (problems.length > 0) lines.push(paint('yellow', problems.map(spoken).join(', ')));
  if (doubtedAlarms.length > 0) {
    lines.push(
      paint(
        'dim',
        `the module shows an alarm for ${doubtedAlarms.map(spoken).join(', ')}, but value and threshold do not`,
      ),
    );
  }
  for (const { source, reason } of health.failures) {
    const what = reason.startsWith(source) ? reason : `${source}: ${reason}`;
    lines.push(paint('dim', printable(`not answered: ${what}`)));
  }
  return lines;
}
function stateText({ state, readable, reason, fields }: ListedHealth, paint: Paint): string {
  const why = printable(reason ?? '');
  if (readable === 'unsupported') return paint('dim', `not told by this module: ${why}`);
  // of one that hung on a later question
  const said = fields.state === undefined ? '' : `, ${spokenState(fields.state)} by what it said before`;
  if (readable === 'no') return paint('yellow', `unreadable: ${why}${said}`);
  return paint(styles[state], spokenState(state));
}
function spokenState(state: ListedHealth['state']): string {
  return state === 'noncritical' ? 'non-critical' : state;
}

const spokenFlags: Readonly<Record<string, string>> = {
  map_fail: 'not mapped',
  save_fail: 'last save failed',
  restore_fail: 'last restore failed',
  flush_fail: 'last flush failed',
  smart_event: 'health event',
};
/** Flags of the kernel that say something of the module; that it may notify (`smart_notify`) does not. */
export function flagsText(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag !== 'smart_notify')
    .map((flag) => printable(spokenFlags[flag] ?? spoken(flag)))
    .join(', ');
}

/** Only what asks for something; the agent knows more than one reading tells. */
export function adviceText(advice: ReplacementAdvice | null, isDirect: boolean, paint: Paint): string[] {
  if (advice === null || advice.advice === null || advice.advice === 'ok') return [];
  const style = advice.advice === 'now' ? 'red' : 'yellow';
  const caveat = isDirect ? `  ${paint('dim', 'by this reading alone')}` : '';
  return [`advice ${paint(style, printable(advice.summary))}${caveat}`];
}

function wear(fields: HealthFields): string[] {
  const percent = (what: string, value: number | undefined, limit: number | undefined): string[] =>
    value === undefined ? [] : [`${what} ${value} %${limit === undefined ? '' : ` (alarm at ${limit} %)`}`];
  return [
    ...percent('spare', fields.sparePercent, fields.spareThresholdPercent),
    ...percent('life used', fields.lifeUsedPercent, fields.lifeUsedThresholdPercent),
    ...percent('energy source used', fields.energySourceLifeUsedPercent, fields.energySourceLifeUsedThresholdPercent),
  ];
}
function temperatures(fields: HealthFields): string[] {
  return sensors.flatMap((sensor) => {
    const [value, limit] = [temperatureOf(fields, sensor), temperatureLimitOf(fields, sensor)];
    if (value === undefined) return [];
    return [`${spoken(sensor)} ${value} °C${limit === undefined ? '' : ` (alarm at ${limit} °C)`}`];
  });
}
function shutdowns(fields: HealthFields): string[] {
  const { lastShutdownClean, dirtyShutdownCount, unlatchedDirtyShutdownCount } = fields;
  const unlatched = unlatchedDirtyShutdownCount === undefined ? '' : ` (${unlatchedDirtyShutdownCount} unlatched)`;
  const counts = dirtyShutdownCount ?? unlatchedDirtyShutdownCount;
  return [
    ...(lastShutdownClean === undefined ? [] : [`last shutdown ${lastShutdownClean ? 'clean' : 'dirty'}`]),
    ...(counts === undefined
      ? []
      : [
          `${counted(counts, 'dirty shutdown')} in its life${dirtyShutdownCount === undefined ? ' (unlatched)' : unlatched}`,
        ]),
  ];
}
/** How long the module took to save to its flash memory and back: what the energy source has to last for. */
function operations({ lastSaveSeconds, lastRestoreSeconds, lastEraseSeconds }: HealthFields): string[] {
  return [
    ...(lastSaveSeconds === undefined ? [] : [`last save ${lastSaveSeconds} s`]),
    ...(lastRestoreSeconds === undefined ? [] : [`last restore ${lastRestoreSeconds} s`]),
    ...(lastEraseSeconds === undefined ? [] : [`last erase ${lastEraseSeconds} s`]),
  ];
}
function made({ powerCycles, firmwareVersion, security, securityFrozen }: HealthFields): string[] {
  return [
    ...(powerCycles === undefined ? [] : [counted(powerCycles, 'power cycle')]),
    ...(firmwareVersion === undefined ? [] : [`firmware ${firmwareVersion}`]),
    ...(security === undefined ? [] : [`security ${security}${securityFrozen === true ? ' (frozen)' : ''}`]),
  ];
}
/** Counts that are 0 on a module that is well. */
function failures(fields: HealthFields): string[] {
  const counts: readonly (readonly [number | undefined, string])[] = [
    [fields.failedSaves, 'failed save'],
    [fields.failedRestores, 'failed restore'],
    [fields.failedArms, 'failed arming'],
    [fields.failedFlushes, 'failed flush'],
    [fields.uncorrectableEccEvents, 'uncorrectable ECC event'],
    [fields.correctableEccEvents, 'correctable ECC event above its threshold'],
  ];
  return [
    ...(fields.lastBackupComplete === false ? ['last backup not complete'] : []),
    ...counts.flatMap(([count = 0, what]) => (count === 0 ? [] : [`${what}: ${count}`])),
  ];
}
function alarmsOf({ alarms }: HealthFields, doubted: readonly string[]): string[] {
  return Object.entries(alarms ?? {}).flatMap(([name, on]) => (on && !doubted.includes(name) ? [`${name} alarm`] : []));
}
function spoken(word: string): string {
  return word.replaceAll('_', ' ');
}
