import type { Severity, TrackedRange } from '../model/incident.ts';
import type { Owner } from '../model/owner.ts';

const rank: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

export function isWorse(a: Severity, b: Severity): boolean {
  return rank[a] > rank[b];
}

/** The table of design 4.4 for one owner. Whether something is in use counts as yes while nobody has looked. */
export function severityOfOwner(owner: Owner): Severity {
  const alone = severityWithoutCopies(owner);
  return alone === 'critical' && owner.goodCopy?.exists === 'yes' ? 'warning' : alone;
}

/**
 * What a layer keeps for itself and cannot do without, or what may well be someone's data that only the layer's own
 * metadata could name.
 */
const holdsMore =
  /info block|superblock|header|metadata|parity|journal|thin|cache|snapshot|integrity|verity| device of |BTT (?:data|map|log|arena)/i;

function severityWithoutCopies(owner: Owner): Severity {
  switch (owner.kind) {
    case 'file':
      return owner.state === 'unwritten' ? 'warning' : 'critical';
    case 'directory':
    case 'symlink':
    case 'metadata':
    case 'deleted':
    case 'unknown':
    case 'unreferenced':
    case 'pending':
      return 'critical';
    case 'raw':
      return rawInUse(owner) ? 'critical' : 'warning';
    case 'hidden':
      return holdsMore.test(owner.metadata ?? '') ? 'critical' : 'warning';
    case 'free':
      return 'warning';
    default:
      return owner.kind satisfies never;
  }
}

function rawInUse(owner: Owner): boolean {
  if (/swap|database/i.test(owner.metadata ?? '')) return true;
  if (owner.kernelUsers !== undefined || owner.openByComplete === false) return true;
  return owner.openBy === undefined || owner.openBy.length > 0;
}

/** The worst of all owners; a range that nobody answered for is as bad as a pending one. */
export function severityOf(ranges: readonly TrackedRange[]): Severity {
  let worst: Severity = 'info';
  for (const range of ranges) {
    if (range.owners.length === 0) return 'critical';
    for (const owner of range.owners) {
      const severity = severityOfOwner(owner);
      if (severity === 'critical') return severity;
      if (isWorse(severity, worst)) worst = severity;
    }
  }
  return worst;
}

/**
 * The severity of an open incident after a change. It may rise at any time; it falls only when every owner is
 * known, every range is confirmed and the list behind it is whole (law 8).
 */
export function nextSeverity(current: Severity, ranges: readonly TrackedRange[], listWhole: boolean): Severity {
  const computed = severityOf(ranges);
  if (!isWorse(current, computed)) return computed;
  return listWhole && ranges.every(isSettled) ? computed : current;
}

function isSettled(range: TrackedRange): boolean {
  return (
    range.ownersComplete && range.unconfirmed === undefined && range.owners.every((owner) => owner.kind !== 'pending')
  );
}
