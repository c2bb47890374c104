/** Pure decisions about which notices go out, and as what. */
import { totalBytes } from '../model/extent.ts';
import type { Incident } from '../model/incident.ts';
import type { OutboxItem } from '../model/outbox.ts';
import type { ReceiverConfig } from './notifier.ts';

export interface Merged {
  readonly item: OutboxItem;
  readonly absorbed: readonly OutboxItem[];
}

/**
 * An `opened` that nobody tried to deliver yet takes in the notices that its incident brought within its wait. It stays an
 * `opened`, with the content and the id of the newest: later revisions follow on from there, and a receiver that
 * deduplicates never sees the ids of those it stands for. Its end and what somebody said of it are never taken in: they are
 * told by themselves.
 */
export function mergeOpening(lane: readonly OutboxItem[]): Merged | undefined {
  const [opening, ...later] = lane;
  if (opening === undefined || opening.notice.type !== 'opened' || opening.attempts > 0) return undefined;
  const byItself = ({ notice: { type, time } }: OutboxItem): boolean =>
    type === 'resolved' || type === 'acknowledged' || time >= opening.notBefore;
  const end = later.findIndex(byItself);
  const within = end === -1 ? later : later.slice(0, end);
  const newest = within.at(-1);
  if (newest === undefined) return undefined;
  const { incident } = newest.notice;
  return {
    absorbed: [opening, ...within.slice(0, -1)],
    item: {
      ...newest,
      notBefore: opening.notBefore,
      durable: opening.durable && newest.durable,
      notice: {
        ...newest.notice,
        type: 'opened',
        newRanges: incident.ranges.length,
        newBytes: totalBytes(incident.ranges),
      },
    },
  };
}

/** A reminder that nobody tried to deliver yet has nothing to say beside what is newer, unless somebody asked for it again. */
export function mergeReminder([first, ...later]: readonly OutboxItem[]): Merged | undefined {
  const stale = (item: OutboxItem | undefined): boolean =>
    item?.notice.type === 'reminder' && item.attempts === 0 && !item.replayed;
  if (first === undefined || !stale(first)) return undefined;
  const at = later.findIndex((item) => !stale(item));
  const item = at === -1 ? later.at(-1) : later[at];
  if (item === undefined) return undefined;
  return { item, absorbed: [first, ...later.slice(0, later.indexOf(item))] };
}

/** The receiver's own filters; empty lists want everything. */
export function isWanted(incident: Incident, { severities, conditions }: ReceiverConfig): boolean {
  return allows(severities, incident.severity) && allows(conditions, incident.condition);
}
function allows<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.includes(value);
}
