import { AgentError } from '../../model/errors.ts';
import { intersect, type Run, run, subtract } from '../../model/extent.ts';
import { wholeSectors } from '../../model/units.ts';
import type { Coverage, FilesystemOwner, FilesystemResolver, FilesystemTask } from './resolver.ts';
import { bytePath, bytesOf } from './visible-path.ts';
import type { Claim } from './xfs/claims.ts';
import { readGeometry, type XfsGeometry } from './xfs/geometry.ts';
import { askInodes } from './xfs/inode-maps.ts';
import { describeClaims } from './xfs/inode-owners.ts';
import { askReverseMap } from './xfs/reverse-map.ts';
import { settleByGeometry, sortRecords } from './xfs/settle.ts';
import { roleOf, type XfsRole } from './xfs/side-devices.ts';

/**
 * XFS: the kernel's reverse map is asked for exactly the wanted ranges (never the device: its cached blocks are not
 * coherent with a mounted XFS). Without a reverse map every inode's block map is read instead, which takes as long as
 * there are inodes. What changes while it is looked at is asked again.
 */
export const xfs: FilesystemResolver = { name: 'XFS reverse map', fsTypes: ['xfs'], resolve };

/** How often sectors that changed hands meanwhile are asked about. */
const ROUNDS = 3;

async function* resolve(task: FilesystemTask): AsyncGenerator<readonly FilesystemOwner[], Coverage, void> {
  const { io, mount, device } = task;
  const role = roleOf(device, mount);
  if (role === undefined) throw new AgentError('RESOLVE', `${device.name} is no device of this XFS`);
  const mountFd = io.openPath(bytesOf(bytePath(mount.mountpoint)), 'directory', true);
  try {
    const g = readGeometry(io, mountFd);
    if (g.internalRealtime) {
      throw new AgentError('RESOLVE', 'a zoned XFS, with its realtime part on the data device, is not resolved yet');
    }
    const end = run(0, wholeSectors(g.blockBytes * blocksOf(g, role)));
    const metadata = `beyond the end of the XFS ${nouns[role]}`;
    yield subtract(task.wanted, [end]).map((r) => ({ kind: 'raw', device: device.name, ...r, metadata }));
    const inside = intersect(task.wanted, [end]);
    if (role === 'log') {
      yield inside.map((r) => ({ kind: 'metadata', device: device.name, ...r, metadata: 'journal' }));
    } else yield* resolveInside(task, mountFd, g, role, inside);
    return { complete: true };
  } finally {
    io.close(mountFd);
  }
}

const nouns: Readonly<Record<XfsRole, string>> = { data: 'file system', log: 'journal', realtime: 'realtime part' };
function blocksOf(g: XfsGeometry, role: XfsRole): number {
  if (role === 'data') return g.dataBlocks;
  return role === 'log' ? g.logBlocks : g.realtimeBlocks;
}

async function* resolveInside(
  task: FilesystemTask,
  mountFd: number,
  g: XfsGeometry,
  role: 'data' | 'realtime',
  inside: readonly Run[],
): AsyncGenerator<readonly FilesystemOwner[], void, void> {
  const device = task.device.name;
  let open = inside;
  for (let round = 1; open.length > 0; round++) {
    const began = Date.now();
    const map = await askReverseMap(task, mountFd, g, open);
    const { claims, settled, unnamed } = sortRecords(device, role, g, map.records);
    yield settled;
    const named = yield* describeClaims(task, mountFd, { g, role, began, reverseMap: true }, claims);
    const blind = [...unnamed, ...map.untold, ...map.unreadable.map((u) => u.where)];
    if (blind.length > 0) yield* resolveByInodes(task, mountFd, g, role, blind, map.unreadable[0]?.errno);
    open = named;
    if (round === ROUNDS) {
      yield changing(device, open);
      return;
    }
  }
}

async function* resolveByInodes(
  task: FilesystemTask,
  mountFd: number,
  g: XfsGeometry,
  role: 'data' | 'realtime',
  blind: readonly Run[],
  errno: string | undefined,
): AsyncGenerator<readonly FilesystemOwner[], void, void> {
  const device = task.device.name;
  const began = Date.now();
  const answer = await askInodes(task, mountFd, g, role, blind);
  yield answer.settled;
  const claims: readonly Claim[] = answer.claims;
  const changed = yield* describeClaims(task, mountFd, { g, role, began, reverseMap: false }, claims);
  yield changing(device, changed);
  const why = errno === undefined ? whyUnmapped(role) : `the reverse map cannot be read there (${errno})`;
  const reason = answer.missed === undefined ? why : `${why}; ${answer.missed}`;
  if (role === 'data') yield settleByGeometry(device, g, answer.rest, reason);
  else yield answer.rest.map((r) => ({ kind: 'unknown', device, ...r, reason }));
}
function whyUnmapped(role: 'data' | 'realtime'): string {
  return role === 'data'
    ? 'in use for metadata or a symbolic link: this XFS has no reverse map (made without rmapbt) to tell'
    : 'in use on the realtime device, but no file maps it';
}
function changing(device: string, runs: readonly Run[]): FilesystemOwner[] {
  const reason = 'it changed hands while it was looked at';
  return runs.map((r) => ({ kind: 'unknown', device, ...r, reason }));
}
