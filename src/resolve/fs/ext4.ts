import { AgentError, messageOf } from '../../model/errors.ts';
import { type Run, run, subtract } from '../../model/extent.ts';
import type { Owner, OwnerDraft } from '../../model/owner.ts';
import { bytesFromSectors, sectorCount, wholeSectors } from '../../model/units.ts';
import { type Attempt, lookOnce } from './ext4/attempt.ts';
import { createDeviceReader, type DeviceReader } from './ext4/device-reader.ts';
import {
  asCopies,
  decodeGroups,
  descriptorBlock,
  descriptorBlockCount,
  descriptorCopy,
  descriptorsPerBlock,
  type Group,
} from './ext4/group-descriptors.ts';
import { HIT } from './ext4/hits.ts';
import { INODE_FLAG, type Inode, MODE } from './ext4/inode.ts';
import type { Ext4Volume } from './ext4/scan.ts';
import { specialUse } from './ext4/special-inodes.ts';
import { decodeSuperblock, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, type Superblock } from './ext4/superblock.ts';
import { isData } from './ext4/verify.ts';
import { type OwnerPaths, ownerPaths } from './owner-paths.ts';
import {
  breathe,
  type Coverage,
  type FilesystemOwner,
  type FilesystemResolver,
  type FilesystemTask,
} from './resolver.ts';
import { bytePath, bytesOf, createPathSpace, type PathSpace } from './visible-path.ts';
import { sectorsIn, type Wanted, wantedBlocks } from './wanted.ts';

/**
 * ext2, ext3 and ext4: their own metadata is read once from the mounted device, buffered; each file found is checked
 * with the kernel before it is told; what moved meanwhile is looked up once more.
 */
export const ext4: FilesystemResolver = { name: 'ext4 metadata', fsTypes: ['ext2', 'ext3', 'ext4'], resolve };

async function* resolve(task: FilesystemTask): AsyncGenerator<readonly FilesystemOwner[], Coverage, void> {
  const { io, device, mount } = task;
  const deviceFd = io.openDevice(device.name, device.devNumber);
  let mountFd: number | undefined;
  try {
    mountFd = io.openPath(bytesOf(bytePath(mount.mountpoint)), 'directory');
    const fd = mountFd;
    const volume = readVolume(task, deviceFd);
    const sb = volume.superblock;
    const phase = async (name: string, done: number, total?: number): Promise<void> => {
      task.onProgress({ phase: `${name} of /dev/${device.name}`, done, ...(total === undefined ? {} : { total }) });
      await breathe(task.signal);
    };
    const space = createPathSpace(mount, task.mounts);
    const wanted = wantedBlocks(task.wanted, sb.blockBytes);
    yield [...beyondTheEnd(task, wanted, sb.blocksCount)];
    const context = { io, mountFd: fd, mountRoot: bytePath(mount.root), phase };
    const first = await lookOnce(volume, wanted, context);
    const again = [
      ...first.moved,
      ...first.unclaimed.filter((p) => p.inUse === true).map((p) => run(p.block, p.count)),
    ];
    const settled = { ...first, moved: [], unclaimed: first.unclaimed.filter((p) => p.inUse !== true) };
    yield [...owners(task, volume, wanted, space, settled)];
    let attempt = first;
    if (again.length > 0) {
      const blocks = again.map((b) => run(b.start * wanted.sectorsPerBlock, b.count * wanted.sectorsPerBlock));
      const narrowed = wantedBlocks(blocks, sb.blockBytes);
      attempt = await lookOnce(volume, narrowed, context);
      yield [...owners(task, volume, wanted, space, attempt)];
    }
    return coverageOf(volume, [first, attempt]);
  } finally {
    if (mountFd !== undefined) io.close(mountFd);
    io.close(deviceFd);
  }
}

function readVolume(task: FilesystemTask, fd: number): Ext4Volume {
  const { io, device } = task;
  const raw = Buffer.alloc(SUPERBLOCK_BYTES);
  io.pread(fd, raw, SUPERBLOCK_OFFSET);
  const reading = decodeSuperblock(raw);
  if (reading.kind === 'refused') {
    throw new AgentError('RESOLVE', `/dev/${device.name} is not read as ext4: ${reading.reason}`);
  }
  const { superblock } = reading;
  if (wholeSectors(superblock.blockBytes) * superblock.blocksCount > device.size) {
    throw new AgentError('RESOLVE', `/dev/${device.name} is smaller than its ext4 file system says`);
  }
  const reader = createDeviceReader(io, fd, superblock.blockBytes, superblock.blocksCount);
  const groups: Group[] = [];
  const problems: string[] = [];
  for (let n = 0; n < descriptorBlockCount(superblock); n++) {
    const at = descriptorBlock(superblock, n);
    const decoded = readDescriptors(superblock, reader, at, n);
    const copyAt = decoded === undefined ? descriptorCopy(superblock, n) : undefined;
    const copies = copyAt === undefined ? undefined : readDescriptors(superblock, reader, copyAt, n);
    if (decoded !== undefined) groups.push(...decoded);
    else if (copies !== undefined) {
      groups.push(...asCopies(superblock, copies));
      problems.push(`group descriptors in block ${at} are unreadable, their copy does not say what is in use`);
    } else {
      throw new AgentError('RESOLVE', `/dev/${device.name}: group descriptors in block ${at} cannot be read`);
    }
  }
  return { superblock, groups, reader, problems };
}

function readDescriptors(sb: Superblock, reader: DeviceReader, block: number, n: number): Group[] | undefined {
  if (block >= sb.blocksCount) return undefined;
  const { raw, unreadable } = reader.read(block, 1);
  if (unreadable.length > 0) return undefined;
  return decodeGroups(sb, raw.subarray(0, sb.blockBytes), n * descriptorsPerBlock(sb));
}

function* beyondTheEnd(task: FilesystemTask, wanted: Wanted, blocks: number): Generator<Owner> {
  const end = blocks * wanted.sectorsPerBlock;
  for (const r of subtract(wanted.runs, [run(0, end)])) {
    yield { kind: 'raw', device: task.device.name, ...r, metadata: 'beyond the end of the ext4 file system' };
  }
}

/** `wanted` is the whole question: what comes out is cut to its sectors. */
function* owners(
  task: FilesystemTask,
  volume: Ext4Volume,
  wanted: Wanted,
  space: PathSpace,
  attempt: Attempt,
): Generator<Owner> {
  const device = task.device.name;
  const cut = (block: number, count: number): Run[] => sectorsIn(wanted, block, count);
  for (const { block, count, metadata, inodes } of attempt.fixed) {
    const reason = inodes === undefined ? {} : { reason: `holds inodes ${inodes.first} to ${inodes.last}` };
    for (const r of cut(block, count)) yield { kind: 'metadata', device, ...r, metadata, ...reason };
  }
  for (const blocks of attempt.resizeBlocks) {
    for (const r of cut(blocks.start, blocks.count))
      yield { kind: 'metadata', device, ...r, metadata: 'resize inode', inode: '7' };
  }
  yield* inodeOwners(task, volume, wanted, space, attempt);
  const problem = [...volume.problems, ...attempt.scan.problems][0];
  for (const { block, count, inUse } of attempt.unclaimed) {
    for (const r of cut(block, count)) {
      if (inUse === false) yield { kind: 'free', device, ...r };
      else if (inUse === undefined) yield { kind: 'unknown', device, ...r, reason: 'its block bitmap cannot be read' };
      else if (problem === undefined) yield { kind: 'unreferenced', device, ...r };
      else yield { kind: 'unknown', device, ...r, reason: `in use, but not everything could be looked at: ${problem}` };
    }
  }
  for (const blocks of attempt.moved) {
    const reason = 'the file that holds it kept moving while it was looked at';
    for (const r of cut(blocks.start, blocks.count)) yield { kind: 'unknown', device, ...r, reason };
  }
}

function* inodeOwners(
  task: FilesystemTask,
  volume: Ext4Volume,
  wanted: Wanted,
  space: PathSpace,
  { scan, kept, names }: Attempt,
): Generator<OwnerDraft> {
  const { superblock: sb } = volume;
  const { hits } = scan;
  const pathsOf = (number: number, inode: Inode): OwnerPaths => {
    const { paths, links } = names.get(number) ?? { paths: [], links: inode.links };
    return ownerPaths(paths, kindOf(inode) === 'directory' ? 'directory' : links, space);
  };
  const describe = (number: number): OwnerDraft => {
    const inode = scan.inodes.get(number) as Inode;
    const use = specialUse(sb, number) ?? ((inode.flags & INODE_FLAG.eaInode) !== 0 ? 'xattr' : undefined);
    const base = { inode: String(number), device: task.device.name, ...NOWHERE };
    if (use !== undefined) return { ...base, kind: 'metadata', metadata: use };
    if (inode.links === 0) return { ...base, kind: 'deleted', linkCount: 0 };
    return { ...base, kind: kindOf(inode), ...pathsOf(number, inode) };
  };
  const described = new Map<number, OwnerDraft>();
  const several = new Set<number>();
  const seen = new Set<number>();
  for (const i of kept) {
    const number = hits.inode[i] as number;
    if (seen.has(number)) several.add(number);
    else seen.add(number);
  }
  for (const i of kept) {
    const [number, physical, what] = [hits.inode[i] as number, hits.physical[i] as number, hits.what[i] as number];
    let template = described.get(number);
    template ??= describe(number);
    if (several.has(number)) described.set(number, template);
    const runs = sectorsIn(wanted, physical, hits.count[i] as number);
    for (const r of runs) {
      const owner = runs.length > 1 || several.has(number) ? { ...template } : template;
      owner.start = r.start;
      owner.count = r.count;
      if (isData(what)) {
        const into = sectorCount(r.start - physical * wanted.sectorsPerBlock);
        owner.offset = (hits.logical[i] as number) * sb.blockBytes + bytesFromSectors(into);
        owner.length = bytesFromSectors(r.count);
        owner.state = what === HIT.unwritten ? 'unwritten' : 'data';
      } else {
        owner.kind = 'metadata';
        owner.metadata = what === HIT.map ? 'extent map' : 'xattr';
      }
      yield owner;
    }
  }
}
const NOWHERE = run(0, 0);

function kindOf(inode: Inode): 'file' | 'directory' | 'symlink' {
  const type = inode.mode & MODE.type;
  return type === MODE.directory ? 'directory' : type === MODE.symlink ? 'symlink' : 'file';
}
function coverageOf({ problems }: Ext4Volume, attempts: readonly Attempt[]): Coverage {
  const problem = [...problems, ...attempts.flatMap((a) => a.scan.problems)][0];
  if (problem !== undefined) return { complete: false, reason: problem };
  const unchecked = attempts.map((a) => a.unchecked).find((reason) => reason !== undefined);
  if (unchecked === undefined) return { complete: true };
  return { complete: false, reason: `what was found could not be checked with the kernel: ${messageOf(unchecked)}` };
}
