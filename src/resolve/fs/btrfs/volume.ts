import { AgentError, errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';
import { readBytes64 } from './tree-search.ts';

/**
 * What a mounted btrfs says of itself without privileges (include/uapi/linux/btrfs.h). FS_INFO (1024 bytes): 0 u64
 * greatest device id, 8 u64 devices, 16 fsid, 32 u32 bytes of a tree block, 36 u32 bytes of a block, 48 u64 flags (in:
 * what is wanted, out: what is told), 56 u64 generation. GET_FEATURES (24): 16 u64 incompatible ones. DEV_INFO (4096):
 * 0 u64 id, 8 uuid, 32 u64 bytes, 3072 path as it was given at mount or scan.
 */
export const BTRFS_IOC_FS_INFO = 0x8400941f;
export const BTRFS_IOC_DEV_INFO = 0xd000941e;
export const BTRFS_IOC_GET_FEATURES = 0x80189439;
const WANT_GENERATION = 2;
const DEVICE_PATH = 3072;
/** BTRFS_DEV_REPLACE_DEVID: the device that a running replacement writes to */
const REPLACEMENT = 0;
/** far more than btrfs devices that anybody has had in one file system */
const MOST_DEVICES = 4096;

/** Layouts that put bytes elsewhere than a chunk says, or its trees in other places (BTRFS_FEATURE_INCOMPAT_*). */
const FOREIGN_LAYOUTS: readonly (readonly [number, string])[] = [
  [1 << 12, 'zoned'],
  [1 << 13, 'extent tree v2'],
  [1 << 14, 'raid stripe tree'],
];
/** bits 0 to 11, and 16 (simple quota) */
const KNOWN_FEATURES = 0x10fff;

export interface Volume {
  /** 32 hex digits */
  readonly fsid: string;
  /** bytes of a tree block */
  readonly nodeBytes: number;
  /** of the running transaction, or of the last one; absent where the kernel does not tell */
  readonly generation?: number;
  readonly members: readonly Member[];
}
export interface Member {
  readonly id: number;
  /** 32 hex digits */
  readonly uuid: string;
  readonly totalBytes: number;
  /** latin1; empty when the device is missing */
  readonly path: string;
}

/** @throws Error with `code` ENOTTY when it is no btrfs; AgentError RESOLVE for layouts that are not understood */
export function readVolume(io: FilesystemIo, fd: number): Volume {
  const info = Buffer.alloc(1024);
  const view = viewOf(info);
  write64(view, 48, WANT_GENERATION);
  io.ioctl(fd, BTRFS_IOC_FS_INFO, info);
  refuseForeignLayouts(io, fd);
  const told = (view.getUint32(48, true) & WANT_GENERATION) !== 0;
  return {
    fsid: info.toString('hex', 16, 32),
    nodeBytes: view.getUint32(32, true),
    ...(told ? { generation: read64(view, 56) } : {}),
    members: readMembers(io, fd, read64(view, 0), read64(view, 8)),
  };
}

function refuseForeignLayouts(io: FilesystemIo, fd: number): void {
  const raw = Buffer.alloc(24);
  io.ioctl(fd, BTRFS_IOC_GET_FEATURES, raw);
  const low = raw.readUInt32LE(16);
  const names = FOREIGN_LAYOUTS.filter(([bit]) => (low & bit) !== 0).map(([, name]) => name);
  const others = (low & ~KNOWN_FEATURES & ~FOREIGN_LAYOUTS.reduce((all, [bit]) => all | bit, 0)) >>> 0;
  if (others !== 0 || raw.readUInt32LE(20) !== 0) names.push(`feature bits 0x${raw.readBigUInt64LE(16).toString(16)}`);
  if (names.length === 0) return;
  throw new AgentError('RESOLVE', `this btrfs has a layout that is not understood: ${names.join(', ')}`);
}

/** Numbers have holes where devices were removed; those of removed ones are not used again. */
function readMembers(io: FilesystemIo, fd: number, greatest: number, count: number): Member[] {
  const members: Member[] = [];
  for (let id = REPLACEMENT; id <= greatest && members.length <= count && id <= MOST_DEVICES; id++) {
    const raw = Buffer.alloc(4096);
    const view = viewOf(raw);
    write64(view, 0, id);
    try {
      io.ioctl(fd, BTRFS_IOC_DEV_INFO, raw);
    } catch (error) {
      if (errnoOf(error) === 'ENODEV') continue;
      throw error;
    }
    const end = raw.indexOf(0, DEVICE_PATH);
    members.push({
      id,
      uuid: raw.toString('hex', 8, 24),
      totalBytes: readBytes64(view, 32),
      path: raw.toString('latin1', DEVICE_PATH, end === -1 ? raw.length : end),
    });
  }
  return members;
}
export function isReplacement(member: Member): boolean {
  return member.id === REPLACEMENT;
}
