import { type Run, run } from '../../model/extent.ts';
import type { BlockDevice } from '../../model/topology.ts';
import { sectorsCovering } from '../../model/units.ts';
import { read64, viewOf } from '../fs/little-endian.ts';

/**
 * GPT header (UEFI 2.10, 5.3.2) in logical block 1: 0 `EFI PART`, 32 u64 block of the other copy, 72 u64 block of the
 * entries, 80 u32 number of entries, 84 u32 bytes each. The MBR, protective or not, is logical block 0.
 */
const SIGNATURE = 'EFI PART';
/** what every partitioning tool reserves: 128 entries of 128 bytes */
const USUAL_ENTRIES_BYTES = 16384;

/** How many bytes of the start of a disk `partitionTableRuns` wants to see. */
export function partitionTableBytes(disk: BlockDevice): number {
  return 2 * disk.logicalBlockBytes;
}

/** Sectors of a partitioned disk that hold the partition table; `head` is undefined when its start cannot be read. */
export function partitionTableRuns(disk: BlockDevice, head: Uint8Array | undefined): Run[] {
  const block = disk.logicalBlockBytes;
  const perBlock = sectorsCovering(0, block);
  const gpt =
    head === undefined || Buffer.from(head.subarray(block, block + SIGNATURE.length)).toString('latin1') === SIGNATURE;
  if (!gpt) return [run(0, perBlock)];
  const view = head === undefined ? undefined : viewOf(head);
  const bytes = view === undefined ? 0 : view.getUint32(block + 80, true) * view.getUint32(block + 84, true);
  const entries = sectorsCovering(0, bytes > 0 && bytes <= 1024 * 1024 ? bytes : USUAL_ENTRIES_BYTES);
  const entriesAt = view === undefined ? 2 : read64(view, block + 72);
  const primary = run(0, 2 * perBlock);
  const first = run(entriesAt * perBlock, entries);
  const tail = Math.min(disk.size, entries + perBlock);
  return [primary, first, run(disk.size - tail, tail)];
}
