import { errnoOf } from '../../model/errors.ts';
import { clip, type Run, run } from '../../model/extent.ts';
import type { OwnerDraft } from '../../model/owner.ts';
import type { LoopBacking } from '../../model/stack.ts';
import type { BlockDevice } from '../../model/topology.ts';
import { wholeSectors } from '../../model/units.ts';
import type { FilesystemIo } from '../../ports.ts';
import { cut, type HostFacts, type Leaf, type Segment } from '../climb.ts';
import { read64, viewOf } from '../fs/little-endian.ts';

/** An owner that a file system told, and the part of an asked segment that it holds. */
export interface FoundOwner {
  readonly segment: Segment;
  readonly part: Run;
  /** cut to `part` */
  readonly owner: OwnerDraft;
}
/** Sectors of a file that a loop device shows. */
export interface FoundInLoop {
  readonly in: FoundOwner;
  readonly loop: BlockDevice;
  /** on the loop device */
  readonly segment?: Segment;
}
export interface LoopFiles {
  /** Undefined when no loop device shows it; `statDevice` where the file's st_dev is not that of its mount. */
  within(leaf: Leaf, found: FoundOwner, statDevice?: string): FoundInLoop | undefined;
}

interface Backing {
  readonly device: BlockDevice;
  readonly backing: LoopBacking;
}

/** A file is known by the device number of its file system and its inode number. */
function fileKey(devNumber: string, inode: string): string {
  return `${devNumber} ${inode}`;
}

/** Which files of this host are shown by loop devices, as the devices themselves say. */
export function findLoops({ blockDevices }: HostFacts, io: FilesystemIo): LoopFiles {
  const byFile = new Map<string, Backing>();
  for (const device of blockDevices) {
    const { assembly } = device;
    if (assembly?.kind !== 'loop') continue;
    const file = backingFile(device, io);
    if (file !== undefined) byFile.set(fileKey(file.devNumber, file.inode), { device, backing: assembly });
  }
  return {
    within(leaf, found, statDevice) {
      const { inode, kind } = found.owner;
      if (byFile.size === 0 || inode === undefined || (kind !== 'file' && kind !== 'deleted')) return undefined;
      const numbers = statDevice === undefined ? leaf.mounts.map((m) => m.devNumber) : [statDevice];
      const loop = numbers.map((number) => byFile.get(fileKey(number, inode))).find((l) => l !== undefined);
      if (loop === undefined) return undefined;
      const segment = segmentOn(loop, found);
      return { in: found, loop: loop.device, ...(segment === undefined ? {} : { segment }) };
    },
  };
}

export function groupByLoop(found: readonly FoundInLoop[]): Map<BlockDevice, FoundInLoop[]> {
  const groups = new Map<BlockDevice, FoundInLoop[]>();
  for (const one of found) {
    const group = groups.get(one.loop) ?? [];
    group.push(one);
    groups.set(one.loop, group);
  }
  return groups;
}

/** Undefined where bytes of the file are not whole sectors of the device. */
function segmentOn({ device, backing }: Backing, { segment, part, owner }: FoundOwner): Segment | undefined {
  const { offset, length } = owner;
  if (offset === undefined || length === undefined) return undefined;
  const first = wholeSectors(offset) - wholeSectors(backing.offset);
  const whole = wholeSectors(offset + length) - wholeSectors(offset);
  if (!isAligned(offset) || !isAligned(backing.offset) || whole > part.count) return undefined;
  const shown = clip(run(Math.max(0, first), Math.max(0, first + whole) - Math.max(0, first)), run(0, device.size));
  if (shown === undefined) return undefined;
  const below = cut(segment, run(part.start + shown.start - first, shown.count));
  const layer = { device: device.name, name: backing.file.text, kind: 'loop', start: shown.start, count: shown.count };
  return {
    ...below,
    on: shown,
    layers: [...below.layers, layer],
    ...(owner.goodCopy === undefined ? {} : { elsewhere: owner.goodCopy }),
  };
}
function isAligned(byte: number): boolean {
  return byte === 0 || wholeSectors(byte) !== wholeSectors(byte - 1);
}

/** LOOP_GET_STATUS64 and struct loop_info64 (include/uapi/linux/loop.h): 0 u64 device, 8 u64 inode; 232 bytes in all */
const LOOP_GET_STATUS64 = 0x4c05;
const LOOP_INFO_BYTES = 232;

/** The file behind a loop device; undefined when the device does not tell (no privilege, just detached). */
export function backingFile(
  device: Pick<BlockDevice, 'name' | 'devNumber'>,
  io: FilesystemIo,
): { readonly devNumber: string; readonly inode: string } | undefined {
  try {
    const fd = io.openDevice(device.name, device.devNumber);
    try {
      const info = Buffer.alloc(LOOP_INFO_BYTES);
      io.ioctl(fd, LOOP_GET_STATUS64, info);
      const view = viewOf(info);
      return { devNumber: decodeDevice(read64(view, 0)), inode: info.readBigUInt64LE(8).toString() };
    } finally {
      io.close(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** huge_encode_dev (include/linux/kdev_t.h): minor in bits 0-7 and from 20 on, major from 8 on. */
export function decodeDevice(encoded: number): string {
  const low = encoded & 0xff;
  const major = Math.floor(encoded / 0x100) & 0xfff;
  const high = Math.floor(encoded / 0x1000) & 0xfff00;
  return `${major}:${high | low}`;
}
