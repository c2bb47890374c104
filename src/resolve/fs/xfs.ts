import { AgentError } from '../../model/errors.ts';
import { clip, intersect, type Run, run, subtract } from '../../model/extent.ts';
import type { Owner } from '../../model/owner.ts';
import { bytesFromSectors, sectorCount, sectorsCovering, wholeSectors } from '../../model/units.ts';
import { encodeDevice, FSMAP, type FsmapRecord, fsmapBuffer, readFsmap } from './getfsmap.ts';
import { ownerPaths } from './owner-paths.ts';
import {
  breathe,
  type Coverage,
  type FilesystemOwner,
  type FilesystemResolver,
  type FilesystemTask,
} from './resolver.ts';
import { bytePath, bytesOf, createPathSpace } from './visible-path.ts';
import { sectorsIn, touches, type Wanted, wantedBlocks } from './wanted.ts';
import { readBlockMaps } from './xfs/block-maps.ts';
import { statInodes, type XfsInode } from './xfs/bulkstat.ts';
import { readGeometry, type XfsGeometry } from './xfs/geometry.ts';
import { isDirectory, readXfsNames } from './xfs/names.ts';
import { headerParts, isStaticOwner, specialOwner } from './xfs/special-owners.ts';

/**
 * XFS: the kernel's reverse map is asked for exactly the wanted ranges (never the device: its cached blocks are not
 * coherent with a mounted XFS). Without a reverse map every inode's block map is read instead.
 */
export const xfs: FilesystemResolver = { name: 'XFS reverse map', fsTypes: ['xfs'], resolve };

const UNIT_BYTES = 512;
const S_IFMT = 0xf000;
const S_IFLNK = 0xa000;

/** A piece whose inode is known by number; names and kind come when all are known. */
interface Claim {
  readonly where: Run;
  readonly inode: number;
  readonly offset: number;
  readonly flags: number;
}
interface Findings {
  readonly claims: Claim[];
  readonly settled: Owner[];
  /** what the map does not name */
  readonly unnamed: Run[];
}

async function* resolve(task: FilesystemTask): AsyncGenerator<FilesystemOwner, Coverage, void> {
  const { io, mount, device } = task;
  const mountFd = io.openPath(bytesOf(bytePath(mount.mountpoint)), 'directory', true);
  try {
    const g = readGeometry(io, mountFd);
    const end = wholeSectors(g.blockBytes * g.dataBlocks);
    for (const r of subtract(task.wanted, [run(0, end)])) {
      yield { kind: 'raw', device: device.name, ...r, metadata: 'beyond the end of the XFS file system' };
    }
    const inside = intersect(task.wanted, [run(0, end)]);
    const findings = await askReverseMap(task, mountFd, g, inside);
    if (findings.unnamed.length > 0) await askInodes(task, mountFd, g, findings);
    yield* findings.settled;
    yield* name(task, mountFd, g, findings.claims);
    return { complete: true };
  } finally {
    io.close(mountFd);
  }
}

async function askReverseMap(
  task: FilesystemTask,
  mountFd: number,
  g: XfsGeometry,
  wanted: readonly Run[],
): Promise<Findings> {
  const findings: Findings = { claims: [], settled: [], unnamed: [] };
  const buffer = fsmapBuffer();
  const device = encodeDevice(task.device.devNumber);
  let done = 0;
  for (const r of wanted) {
    const from = bytesFromSectors(r.start);
    const to = from + bytesFromSectors(r.count);
    let covered: Run[] = [];
    for (const record of readFsmap(task.io, mountFd, buffer, device, { from, to })) {
      const start = wholeSectors(record.physical);
      // records are whole extents: cut to what was asked
      const where = clip(run(start, sectorsCovering(record.physical, record.length)), r);
      if (where === undefined) continue;
      covered.push(where);
      if (covered.length > 1024) covered = [run(r.start, where.start + where.count - r.start)];
      sort(task, g, record, where, findings);
    }
    for (const gap of subtract([r], covered)) findings.unnamed.push(gap);
    if (++done % 512 === 0) {
      task.onProgress({ phase: `asking the reverse map of ${task.mount.mountpoint.text}`, done, total: wanted.length });
      await breathe(task.signal);
    }
  }
  return findings;
}

function sort(task: FilesystemTask, g: XfsGeometry, record: FsmapRecord, where: Run, findings: Findings): void {
  const { claims, settled, unnamed } = findings;
  const device = task.device.name;
  if ((record.flags & FSMAP.SPECIAL) === 0) {
    const offset = record.offset + bytesFromSectors(where.start) - record.physical;
    claims.push({ where, inode: record.owner, offset, flags: record.flags });
    return;
  }
  if (isStaticOwner(record.owner)) {
    settled.push(...headersIn(g, device, [where]));
    return;
  }
  const from = bytesFromSectors(where.start);
  const what = specialOwner(g, record.owner, from, from + bytesFromSectors(where.count));
  if (what === undefined) unnamed.push(where);
  else settled.push({ device, ...where, ...what });
}

function headersIn(g: XfsGeometry, device: string, where: readonly Run[]): Owner[] {
  const parts = headerParts(g);
  const named = parts.flatMap(({ where: part, metadata }) =>
    intersect(where, [part]).map((r): Owner => ({ kind: 'metadata', device, ...r, metadata })),
  );
  const rest = subtract(
    where,
    parts.map((p) => p.where),
  );
  return [
    ...named,
    ...rest.map((r): Owner => ({ kind: 'metadata', device, ...r, metadata: 'allocation group header' })),
  ];
}

/** No reverse map: who maps these sectors is asked of every inode. */
async function askInodes(task: FilesystemTask, mountFd: number, g: XfsGeometry, findings: Findings): Promise<void> {
  const wanted: Wanted = wantedBlocks(findings.unnamed, UNIT_BYTES);
  const found: Run[] = [];
  const pause = async (done: number): Promise<void> => {
    task.onProgress({ phase: `asking every inode of ${task.mount.mountpoint.text} where it lies`, done });
    await breathe(task.signal);
  };
  for await (const piece of readBlockMaps(task.io, mountFd, pause)) {
    if (!touches(wanted, piece.start, piece.count)) continue;
    for (const where of sectorsIn(wanted, piece.start, piece.count)) {
      found.push(where);
      const offset = bytesFromSectors(sectorCount(piece.offset + where.start - piece.start));
      const flags =
        (piece.unwritten ? FSMAP.UNWRITTEN : 0) |
        (piece.shared ? FSMAP.SHARED : 0) |
        (piece.attributes ? FSMAP.ATTR_FORK : 0);
      findings.claims.push({ where, inode: piece.inode.inode, offset, flags });
    }
  }
  const device = task.device.name;
  const rest = subtract(findings.unnamed, found);
  const fixed = headerParts(g).map((p) => p.where);
  for (const owner of headersIn(g, device, intersect(rest, fixed))) findings.settled.push(owner);
  const log = g.log === undefined ? [] : [run(g.log.block * blockSectors(g), g.log.count * blockSectors(g))];
  for (const r of intersect(rest, log)) findings.settled.push({ kind: 'metadata', device, ...r, metadata: 'journal' });
  const reason = 'in use for metadata or a symbolic link: this XFS has no reverse map (made without rmapbt) to tell';
  for (const r of subtract(rest, [...fixed, ...log])) findings.settled.push({ kind: 'unknown', device, ...r, reason });
}
function blockSectors(g: XfsGeometry): number {
  return wholeSectors(g.blockBytes);
}

async function* name(
  task: FilesystemTask,
  mountFd: number,
  g: XfsGeometry,
  claims: readonly Claim[],
): AsyncGenerator<Owner> {
  const pause = async (done = 0): Promise<void> => {
    task.onProgress({ phase: `looking for names on ${task.mount.mountpoint.text}`, done });
    await breathe(task.signal);
  };
  const { io, mount } = task;
  const inodes = await statInodes(io, mountFd, new Set(claims.map((c) => c.inode)), pause);
  const named = [...inodes.values()].filter((i) => i.links > 0);
  const sources = { io, mountFd, mountRoot: bytePath(mount.root), parentPointers: g.parentPointers };
  const names = await readXfsNames(named, sources, pause);
  const space = createPathSpace(mount, task.mounts);
  const described = new Map<number, Omit<Owner, 'device' | 'start' | 'count'>>();
  for (const number of new Set(claims.map((c) => c.inode))) {
    described.set(number, describe(number, inodes.get(number), [...(names.get(number) ?? [])], space));
  }
  for (const { where, inode, offset, flags } of claims) {
    const owner = described.get(inode);
    if (owner === undefined) throw new AgentError('RESOLVE', `inode ${inode} was not described`);
    const place = { device: task.device.name, ...where };
    const shared = (flags & FSMAP.SHARED) !== 0 ? { shared: true } : {};
    if ((flags & (FSMAP.ATTR_FORK | FSMAP.EXTENT_MAP)) !== 0) {
      const metadata = (flags & FSMAP.EXTENT_MAP) !== 0 ? 'extent map' : 'xattr';
      yield { ...owner, ...place, kind: 'metadata', metadata };
    } else if (owner.kind === 'metadata') yield { ...owner, ...place };
    else {
      const state = (flags & FSMAP.UNWRITTEN) !== 0 ? 'unwritten' : 'data';
      yield { ...owner, ...place, ...shared, offset, length: bytesFromSectors(where.count), state };
    }
  }
}

function describe(
  number: number,
  inode: XfsInode | undefined,
  paths: readonly string[],
  space: ReturnType<typeof createPathSpace>,
): Omit<Owner, 'device' | 'start' | 'count'> {
  // bulkstat leaves out the inodes that XFS keeps for itself
  if (inode === undefined) return { kind: 'metadata', inode: String(number), metadata: 'internal inode' };
  const base = { inode: String(number) };
  if (inode.links === 0) return { ...base, kind: 'deleted', linkCount: 0 };
  const links = isDirectory(inode) ? 'directory' : inode.links;
  const kind = isDirectory(inode) ? 'directory' : (inode.mode & S_IFMT) === S_IFLNK ? 'symlink' : 'file';
  return { ...base, kind, ...ownerPaths(paths, links, space) };
}
