import { errnoOf, messageOf } from '../model/errors.ts';
import { clip, coalesce, type Extent, extent, type Run, run, subtract } from '../model/extent.ts';
import type { PathName } from '../model/path.ts';
import { createRunIndex, type RunIndex } from '../model/run-index.ts';
import type { BlockDevice, Mount } from '../model/topology.ts';
import { bytesFromSectors, sectorCount, sectorsCovering, wholeSectors } from '../model/units.ts';
import type { FilesystemIo, OpenKind } from '../ports.ts';
import { type HostFacts, mountsOf } from './climb.ts';
import { createDescender, type Descender, type Landing } from './descend.ts';
import { createFilePlacer, type FilePlace, type FilePlacer } from './fs/btrfs/file-places.ts';
import { DIRENT_TYPE } from './fs/dirents.ts';
import { FIEMAP, type FiemapExtent, isPlaced } from './fs/fiemap.ts';
import { createExtentReader } from './fs/file-extents.ts';
import { breathe } from './fs/resolver.ts';
import { unwalkable } from './fs/resolvers.ts';
import { openEntry, pathOfEntry, walkTree } from './fs/tree.ts';
import { bytePath, bytesOf, joinPath, pathName } from './fs/visible-path.ts';
import { hasRealtime, isRealtimeFile, realtimeDeviceOf } from './fs/xfs/side-devices.ts';
import { type CopyJudge, createCopyJudge, type GoodCopy } from './good-copy.ts';
import { attempt, type OpenedOrWhy, type OpensAsked } from './opened.ts';
import { shiftCopies } from './stack/layer.ts';

/** Bad runs by kernel name of the disk they are on. A disk that is not in it is one whose list is not known. */
export type KnownBadRuns = ReadonlyMap<string, readonly Run[]>;

/** Damaged bytes of a file; `start` and `count` are sectors on `device`. */
export interface DamagedRange extends Extent {
  readonly offset: number;
  readonly length: number;
  /** where a layer below the file system keeps copies: whether another one is good, so that reads are served */
  readonly goodCopy?: GoodCopy;
}
/** One file of `check` (design 4.1): clean only when `complete` and without ranges. */
export interface CheckedFile {
  readonly path: string;
  readonly pathBase64: string;
  readonly complete: boolean;
  readonly reason?: string;
  readonly ranges: readonly DamagedRange[];
}

/** What one check looks with. */
interface Look {
  readonly bad: ReadonlyMap<string, RunIndex<Run>>;
  readonly facts: HostFacts;
  readonly io: FilesystemIo;
  readonly descender: Descender;
  readonly judge: CopyJudge;
  readonly placer: FilePlacer;
}
function createLook(bad: KnownBadRuns, facts: HostFacts, io: FilesystemIo): Look {
  const index = new Map([...bad].map(([device, runs]) => [device, createRunIndex(coalesce(runs))]));
  const descender = createDescender({
    facts,
    io,
    hasList: (device) => index.has(device),
    holding: (devNumber, fd) => holdingDevice(devNumber, facts, fd, io),
  });
  const judge = createCopyJudge(facts);
  const placer = createFilePlacer({ io, blockDevices: facts.blockDevices, worthOf: judge.worth });
  return { bad: index, facts, io, descender, judge, placer };
}

const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
const S_IFREG = 0x8000;

/** Forward look-up: which bytes of a file, or of everything below a directory, lie on bad sectors. */
export async function* checkPaths(
  paths: readonly PathName[],
  bad: KnownBadRuns,
  facts: HostFacts,
  io: FilesystemIo,
  signal: AbortSignal,
  opens: OpensAsked = (path, kind) => openFollowing(path, io, kind),
): AsyncGenerator<CheckedFile, void, void> {
  const look = createLook(bad, facts, io);
  const open = [...paths].reverse();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const directory = opens(path, 'directory');
    if (directory.kind === 'failed' && directory.errno !== 'ENOTDIR') yield incomplete(path, directory.reason);
    else if (directory.kind === 'failed') yield checkOpened(path, opens(path, 'file'), look);
    else {
      try {
        for (const mountpoint of yield* checkBelow(path, directory.fd, look, signal)) open.push(mountpoint);
      } finally {
        io.close(directory.fd);
      }
    }
  }
}

/** One file or directory by itself, as FIEMAP tells it now, without writing anything back first. */
export function checkFile(path: PathName, bad: KnownBadRuns, facts: HostFacts, io: FilesystemIo): CheckedFile {
  return checkOpened(path, openFollowing(path, io, 'file'), createLook(bad, facts, io));
}

function checkOpened(path: PathName, opened: OpenedOrWhy, look: Look): CheckedFile {
  const { io } = look;
  if (opened.kind === 'failed') return incomplete(path, opened.reason);
  try {
    return checkOpen(path, opened.fd, look);
  } finally {
    io.close(opened.fd);
  }
}

/** Returns the mountpoints that it met and did not cross: those of other block devices are looked at by themselves. */
async function* checkBelow(
  top: PathName,
  fd: number,
  look: Look,
  signal: AbortSignal,
): AsyncGenerator<CheckedFile, PathName[], void> {
  const { io, facts } = look;
  const mountpoints: PathName[] = [];
  const base = bytePath(top).replace(/(?<=.)\/+$/, '');
  let ready: CheckedFile[] = [];
  const pathOf = (below: string): PathName => pathName(joinPath(base, below));
  const steps = walkTree(io, fd, {
    wants: (_inode, type) => type === DIRENT_TYPE.file || type === DIRENT_TYPE.unknown,
    directory: (directory, path) => {
      const found = checkOpen(pathOf(path), directory, look);
      // directories that file systems do not map are no files of the user
      if (found.ranges.length > 0) ready.push(found);
    },
    entry: (entry) => {
      const path = pathOf(pathOfEntry(entry));
      const opened = attempt(() => openEntry(io, entry));
      if (opened.kind === 'failed') {
        if (opened.errno !== 'ENOENT' && opened.errno !== 'ELOOP' && opened.errno !== 'ENXIO')
          ready.push(incomplete(path, opened.reason));
        return;
      }
      try {
        if ((io.status(opened.fd).mode & S_IFMT) === S_IFREG) ready.push(checkOpen(path, opened.fd, look));
      } finally {
        io.close(opened.fd);
      }
    },
    blocked: (path, errno) => {
      const mounted = errno !== 'EXDEV' ? undefined : pathOf(path).base64;
      const mount = facts.mounts.find((m) => m.mountpoint.base64 === mounted);
      if (mount !== undefined) {
        mountpoints.push(mount.mountpoint);
        return;
      }
      const reason = errno === 'EXDEV' ? 'another file system is mounted there: check it by its own path' : errno;
      ready.push(incomplete(pathOf(path), reason));
    },
  });
  for await (const _ of steps) {
    yield* ready;
    ready = [];
    await breathe(signal);
  }
  yield* ready;
  return mountpoints;
}

function checkOpen(path: PathName, fd: number, look: Look): CheckedFile {
  const { facts, io } = look;
  const status = io.status(fd);
  const type = status.mode & S_IFMT;
  if (type !== S_IFREG && type !== S_IFDIR) return incomplete(path, 'neither a file nor a directory');
  if (status.size === 0 && type === S_IFREG) return { ...shown(path), complete: true, ranges: [] };
  let extents: readonly FiemapExtent[];
  try {
    extents = createExtentReader(io).read(fd);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return incomplete(path, `its file system does not tell where it lies (${messageOf(error)})`);
  }
  const reasons = new Set<string>();
  const ranges: DamagedRange[] = [];
  // file systems on several devices show device numbers of their own
  const pool = isOwnDevice(status.devNumber, facts) ? undefined : look.placer.place(fd, extents);
  if (pool !== undefined) {
    for (const gap of pool.gaps) reasons.add(gap);
    for (const place of pool.places) for (const r of damagedPlace(place, look, reasons)) ranges.push(r);
    for (const why of extents.filter((e) => !isPlaced(e)).map(whyUnplaced)) if (why !== undefined) reasons.add(why);
  } else {
    const where = holdingDevice(status.devNumber, facts, fd, io);
    if (where.kind === 'failed') return incomplete(path, where.reason);
    for (const e of extents) {
      const unplaced = whyUnplaced(e);
      if (unplaced === undefined) for (const r of damagedParts(e, where.device, look, reasons)) ranges.push(r);
      else reasons.add(unplaced);
    }
  }
  ranges.sort((a, b) => a.offset - b.offset);
  const reason = reasons.size === 0 ? {} : { reason: [...reasons].join('; ') };
  return { ...shown(path), complete: reasons.size === 0, ...reason, ranges };
}

function whyUnplaced({ flags }: FiemapExtent): string | undefined {
  if ((flags & FIEMAP.INLINE) !== 0) return 'part of it is stored inside metadata, whose place is not told';
  if ((flags & FIEMAP.DELALLOC) !== 0) return 'part of it is not written yet and has no place on the device';
  if ((flags & FIEMAP.ENCODED) !== 0) return 'part of it is compressed or encrypted on the device';
  return isPlaced({ flags, logical: 0, physical: 0, length: 0 }) ? undefined : 'the place of a part of it is not told';
}

/** The bad sectors under one extent of a file, from its file system's device down to the disks. */
function damagedParts(e: FiemapExtent, device: BlockDevice, look: Look, reasons: Set<string>): DamagedRange[] {
  const whole = extent(device.name, wholeSectors(e.physical), sectorsCovering(e.physical, e.length));
  const { landings, obstacles } = look.descender.descend(whole);
  for (const obstacle of obstacles) reasons.add(obstacle);
  const listed: DamagedRange[] = [];
  const known: DamagedRange[] = [];
  for (const landing of landings) {
    const bad = landing.known ?? look.bad.get(landing.on.device)?.overlapping(landing.on);
    if (bad === undefined) reasons.add(`no bad-block list is known for ${landing.on.device}`);
    const into = landing.known === undefined ? listed : known;
    for (const r of bad ?? []) into.push(...damagedRange(e, landing, r, look));
  }
  // what a layer knows of a member is most often what the list of the disk below it says as well
  const told = listed.map((r) => run(wholeSectors(r.offset), r.count));
  return [...listed, ...known.filter((r) => subtract([run(wholeSectors(r.offset), r.count)], told).length > 0)];
}

/** The same for one of the places where a btrfs keeps bytes of a file. */
function damagedPlace(place: FilePlace, look: Look, reasons: Set<string>): DamagedRange[] {
  const { offset, length, byte, bytes, packed, goodCopy } = place;
  const e = { logical: offset, physical: byte, length: bytes, flags: 0 };
  return damagedParts(e, place.device, look, reasons).map((r) => ({
    ...r,
    ...(packed ? { offset, length } : {}),
    ...(r.goodCopy?.exists === 'yes' ? {} : { goodCopy }),
  }));
}

function damagedRange(e: FiemapExtent, { on, into, copies }: Landing, bad: Run, look: Look): DamagedRange[] {
  const part = clip(bad, on);
  if (part === undefined) return [];
  const further = part.start - on.start;
  const offset = e.logical + bytesFromSectors(sectorCount(into + further));
  const shifted = copies.map((c) => shiftCopies(c, further));
  const copy = copies.length === 0 ? {} : { goodCopy: look.judge.judge(shifted, part.count) };
  return [{ offset, length: bytesFromSectors(part.count), device: on.device, ...part, ...copy }];
}

function isOwnDevice(devNumber: string, { blockDevices, mounts }: HostFacts): boolean {
  const mount = mounts.find((m) => m.devNumber === devNumber);
  return mount === undefined ? blockDevices.some((d) => d.devNumber === devNumber) : mount.fsType !== 'btrfs';
}
function holdingDevice(devNumber: string, { blockDevices, mounts }: HostFacts, fd: number, io: FilesystemIo) {
  const mount = mounts.find((m) => m.devNumber === devNumber);
  const device = blockDevices.find((d) => d.devNumber === devNumber) ?? blockDevices.find((d) => isBehind(d, mount));
  const fsType = mount?.fsType ?? 'its file system';
  if (device === undefined)
    return { kind: 'failed', reason: `${fsType} is on no single block device of this host` } as const;
  if (unwalkable.includes(fsType)) {
    return { kind: 'failed', reason: `${fsType} is not resolved yet: its FIEMAP tells no device addresses` } as const;
  }
  if (mount !== undefined && hasRealtime(mount) && isRealtimeFile(io, fd)) {
    const realtime = realtimeDeviceOf(mount, blockDevices);
    if (realtime !== undefined) return { kind: 'ok', device: realtime } as const;
    return { kind: 'failed', reason: 'it lies on the realtime device, which is not known' } as const;
  }
  return { kind: 'ok', device } as const;
}
function isBehind(device: BlockDevice, mount: Mount | undefined): boolean {
  return mount?.fsType !== 'xfs' && mount !== undefined && mountsOf(device, [mount]).length > 0;
}

/** What was named on the command line is followed through links; what a walk meets is not. */
function openFollowing(path: PathName, io: FilesystemIo, kind: OpenKind): OpenedOrWhy {
  return attempt(() => io.openPath(bytesOf(bytePath(path)), kind, true));
}
function shown(path: PathName): { readonly path: string; readonly pathBase64: string } {
  return { path: path.text, pathBase64: path.base64 };
}
function incomplete(path: PathName, reason: string): CheckedFile {
  return { ...shown(path), complete: false, reason, ranges: [] };
}
