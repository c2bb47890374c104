/** Dirty shutdowns, over restarts and power cycles: each is told once. */
import type { KnownShutdowns } from '../model/dimm-state.ts';
import type { HealthFields, HealthReading } from '../model/health.ts';
import { lastSaveFailed } from '../model/health-judgement.ts';
import type { Incident } from '../model/incident.ts';
import { healthOf } from './dimm-conditions.ts';
import { subjectOfDimm } from './dimms.ts';
import { type Draft, remember } from './draft.ts';
import { findOpen, openIncident, resolveIncident, reviseIncident } from './lifecycle.ts';

const opening = { foundBy: 'boot', ranges: [], complete: true, severity: 'warning' } as const;

/**
 * The module's own counts above those on disk; where it has none, a last shutdown that was dirty and is not the one that was
 * noticed before. The incident ends when a later boot found no further one.
 */
export function followShutdowns(draft: Draft, key: string, reading: HealthReading): void {
  const dimm = draft.dimms.get(key);
  const { bootId } = draft.previous.host;
  const { fields } = reading;
  if (dimm === undefined || !tellsOfShutdowns(fields)) return;
  const known = dimm.shutdowns;
  const isFirstLook = known.lookedAtBoot !== bootId;
  const rise = riseOf(known, fields);
  const byState = rise === undefined && isFirstLook && isNewlyDirty(known, fields);
  const noticed = byState || (rise !== undefined && rise.more > 0);
  const next = nextKnown(known, reading, bootId, noticed);
  const dirtyShutdowns = noticed ? [...dimm.history.dirtyShutdowns, draft.now] : dimm.history.dirtyShutdowns;
  const changed = JSON.stringify(next) !== JSON.stringify(known) || noticed;
  if (changed) draft.dimms.set(key, { ...dimm, shutdowns: next, history: { ...dimm.history, dirtyShutdowns } });
  const incident = findOpen(draft, 'dimm_dirty_shutdown', key);
  const revision = { subject: subjectOfDimm(dimm), health: healthOf(reading) };
  if (noticed) {
    const { more = 0, detail = `its last shutdown was dirty: ${lost}` } = rise ?? {};
    remember(draft, 'dimm.dirty_shutdown', { uid: key, device: dimm.name }, { count: next.count, more });
    if (isToldAsFailedSave(draft, key, fields, byState)) return;
    if (incident !== undefined) reviseIncident(draft, incident, 'grew', { ...revision, detail });
    else openIncident(draft, { ...opening, ...revision, condition: 'dimm_dirty_shutdown', detail });
  } else if (isOver(incident, known, bootId, fields)) resolveIncident(draft, incident, 'cleared', revision);
}

function tellsOfShutdowns(fields: HealthFields): boolean {
  const { dirtyShutdownCount, unlatchedDirtyShutdownCount, lastShutdownClean } = fields;
  return [dirtyShutdownCount, unlatchedDirtyShutdownCount, lastShutdownClean].some((each) => each !== undefined);
}

const lost = 'writes that were on their way to it at that time may be lost';
interface Rise {
  readonly more: number;
  readonly detail: string;
}
/** By the count that the host latches, else by the one that needs no latch; undefined where neither can be compared. */
function riseOf(known: KnownShutdowns, fields: HealthFields): Rise | undefined {
  const { dirtyShutdownCount: count, unlatchedDirtyShutdownCount: unlatched } = fields;
  const latchedMore = count === undefined || known.count === null ? undefined : count - known.count;
  const unlatchedMore = unlatched === undefined || known.unlatched === null ? undefined : unlatched - known.unlatched;
  const told = (more: number, inItsLife: string): Rise => {
    const times = more === 1 ? 'one dirty shutdown' : `${more} dirty shutdowns`;
    return { more, detail: `${times} since the last look, ${inItsLife}: ${lost}` };
  };
  if (unlatchedMore !== undefined && unlatchedMore > Math.max(0, latchedMore ?? 0)) {
    return told(unlatchedMore, `${unlatched} in its life by the count that needs no latch`);
  }
  return latchedMore === undefined && unlatchedMore === undefined
    ? undefined
    : told(Math.max(0, latchedMore ?? 0), `${count} in its life`);
}
/** Some modules tell of the same dirty shutdown until the next one: it is another one only after it was clean or switched on again. */
function isNewlyDirty(known: KnownShutdowns, { lastShutdownClean, powerCycles }: HealthFields): boolean {
  if (lastShutdownClean !== false) return false;
  const isOther = powerCycles !== undefined && known.powerCycles !== null && powerCycles > known.powerCycles;
  return known.clean !== false || isOther;
}
function nextKnown(known: KnownShutdowns, reading: HealthReading, bootId: string, noticed: boolean): KnownShutdowns {
  const { dirtyShutdownCount, unlatchedDirtyShutdownCount, lastShutdownClean, powerCycles } = reading.fields;
  return {
    count: nextCount(known.count, dirtyShutdownCount, reading),
    unlatched: unlatchedDirtyShutdownCount ?? known.unlatched,
    clean: lastShutdownClean ?? known.clean,
    powerCycles: powerCycles ?? known.powerCycles,
    lookedAtBoot: bootId,
    noticedBoot: noticed ? bootId : known.noticedBoot,
  };
}
/** The kernel's count is of when its driver was loaded: only the module itself may take the count back. */
function nextCount(before: number | null, now: number | undefined, reading: HealthReading): number | null {
  if (now === undefined) return before;
  const own = reading.health.kind === 'ok' && reading.health.value.dirtyShutdownCount !== undefined;
  return before === null || own ? now : Math.max(before, now);
}

/** A save that failed is why the shutdown was dirty: one event, told as what it is, and once more where it failed again. */
function isToldAsFailedSave(draft: Draft, key: string, fields: HealthFields, byState: boolean): boolean {
  const failedSave = findOpen(draft, 'dimm_save_failed', key);
  if (failedSave === undefined || !lastSaveFailed(fields)) return false;
  if (failedSave.updatedAt === draft.now) return true;
  if (byState) reviseIncident(draft, failedSave, 'grew', {});
  return byState;
}
function isOver(
  incident: Incident | undefined,
  known: KnownShutdowns,
  bootId: string,
  { lastShutdownClean }: HealthFields,
): incident is Incident {
  const isLaterBoot = known.lookedAtBoot !== bootId && known.noticedBoot !== bootId;
  return incident !== undefined && isLaterBoot && lastShutdownClean !== false;
}
