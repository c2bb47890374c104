/** Notices as `record` makes them, for the tests of telling. */
import { type Run, run } from '../../src/model/extent.ts';
import type { Notice } from '../../src/model/incident.ts';
import type { OutboxItem } from '../../src/model/outbox.ts';
import type { Owner } from '../../src/model/owner.ts';
import type { Place } from '../../src/model/topology.ts';
import { emptyState, pass, place } from '../record/timeline.ts';

export const at = Date.UTC(2026, 0, 1, 14, 2, 7);
export const postgres = {
  pid: 4711,
  command: 'postgres',
  mapped: true,
  mapsDamaged: true,
  unit: 'postgresql@15.service',
  container: null,
  pod: null,
};
/** Owner of 8 sectors of pmem0 from sector 262144 on: bytes 8192-12287 of a file. */
export function owner(changes: Partial<Owner> = {}): Owner {
  return {
    kind: 'file',
    device: 'pmem0',
    ...run(262_144, 8),
    fsType: 'xfs',
    mountpoint: '/pg',
    inode: '131',
    offset: 8192,
    length: 4096,
    state: 'data',
    shared: false,
    dax: true,
    paths: ['/pg/base/16402/24711'],
    pathsBase64: [Buffer.from('/pg/base/16402/24711').toString('base64')],
    pathsComplete: true,
    linkCount: 1,
    openBy: [postgres],
    goodCopy: { exists: 'no', where: null },
    ...changes,
  };
}

/** The notices of one incident: opened with these owners unknown, then owned, then (on request) cleared. */
export function story(
  owners: readonly Owner[],
  on: Place = place(),
  start = at,
  complete = true,
): { opened: Notice; owned: Notice; resolved: Notice } {
  const runs: Run[] = owners.map((o) => run(o.start + (o.device === '' ? 0 : (on.dataStart ?? 0)), o.count));
  const { uid } = on;
  const first = pass(emptyState(), {
    now: start,
    changes: [
      { kind: 'place-appeared', place: on },
      { kind: 'found', uid, runs, foundBy: 'mce' },
    ],
  });
  const second = pass(first.state, {
    now: start + 100,
    changes: [{ kind: 'owners', uid, runs, owners, complete }],
  });
  const third = pass(second.state, { now: start + 60_000, changes: [{ kind: 'cleared', uid, runs }] });
  const [opened, owned, resolved] = [first.notices[0], second.notices[0], third.notices[0]];
  if (opened === undefined || owned === undefined || resolved === undefined) throw new Error('a notice is missing');
  return { opened, owned, resolved };
}

export function item(notice: Notice, changes: Partial<OutboxItem> = {}): OutboxItem {
  return {
    receiver: 'ops',
    notice,
    durable: true,
    notBefore: notice.time,
    attempts: 0,
    firstAttemptAt: null,
    triedMs: 0,
    replayed: false,
    expired: false,
    ...changes,
  };
}
