import { errnoOf, messageOf } from '../../../model/errors.ts';
import { type Run, run } from '../../../model/extent.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import { sectorsCovering, wholeSectors } from '../../../model/units.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf } from '../little-endian.ts';

/**
 * struct btrfs_super_block (fs/btrfs/fs.h, include/uapi/linux/btrfs_tree.h): 32 fsid, 48 u64 own address, 64 magic, 72
 * u64 generation, 201 the device's item: 201 u64 id, 267 uuid.
 */
const SUPER_BYTES = 4096;
const MAGIC = '_BHRfS_M';
/** The first, and copies on devices that reach so far (btrfs_sb_offset). */
const SUPERBLOCKS = [64 * 1024, 64 * 1024 * 1024, 256 * 1024 * 1024 * 1024] as const;
/** BTRFS_DEVICE_RANGE_RESERVED: nothing is allocated there; its first 64 KiB are left to boot loaders */
export const BOOT_AREA_BYTES = 64 * 1024;

export interface Superblock {
  readonly fsid: string;
  readonly deviceId: number;
  readonly deviceUuid: string;
  /** of the last transaction that is complete on the device */
  readonly generation: number;
}

/** Superblocks on a device of this many bytes, the first one first. */
export function superblockRuns(deviceBytes: number): Run[] {
  return SUPERBLOCKS.filter((at) => at + SUPER_BYTES < deviceBytes).map((at) =>
    run(wholeSectors(at), sectorsCovering(0, SUPER_BYTES)),
  );
}

/** The first superblock that can be read: one of them may be what is bad. */
export function readSuperblock(
  io: FilesystemIo,
  device: BlockDevice,
): { readonly kind: 'ok'; readonly value: Superblock } | { readonly kind: 'failed'; readonly reason: string } {
  let reason = 'it has none';
  let fd: number | undefined;
  try {
    fd = io.openDevice(device.name, device.devNumber);
    const raw = Buffer.alloc(SUPER_BYTES);
    for (const at of SUPERBLOCKS) {
      try {
        if (io.pread(fd, raw, at) < SUPER_BYTES) break;
        const value = decodeSuperblock(raw, at);
        if (value !== undefined) return { kind: 'ok', value };
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        reason = messageOf(error);
      }
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    reason = messageOf(error);
  } finally {
    if (fd !== undefined) io.close(fd);
  }
  return { kind: 'failed', reason };
}

/** Undefined when there is none at this place of the device. */
export function decodeSuperblock(raw: Buffer, at: number): Superblock | undefined {
  const view = viewOf(raw);
  if (raw.length < SUPER_BYTES || raw.toString('latin1', 64, 72) !== MAGIC || read64(view, 48) !== at) return undefined;
  return {
    fsid: raw.toString('hex', 32, 48),
    deviceId: read64(view, 201),
    deviceUuid: raw.toString('hex', 267, 283),
    generation: read64(view, 72),
  };
}
