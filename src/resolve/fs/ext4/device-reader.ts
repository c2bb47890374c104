import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';

/** Long enough for full speed on any disk, short enough for a processor's cache and to be cancelled soon. */
const LONGEST_READ_BYTES = 1024 * 1024;
/** Reading over a small gap is cheaper than a second request. */
const GAP_BYTES = 64 * 1024;

/** Many pieces of a device, in file-system blocks; entry `i` of both. */
export interface Pieces {
  readonly block: ArrayLike<number>;
  readonly count: ArrayLike<number>;
}
/** What was read, until the next read: the same bytes seen in three ways. The machine is little-endian, as ext4 is. */
export interface Reading {
  readonly raw: Buffer;
  readonly view: DataView;
  readonly words: Uint32Array;
  /** blocks that cannot be read; they come as zeros */
  readonly unreadable: readonly number[];
}
export interface DeviceReader {
  readonly longestBlocks: number;
  /** Reads at most `longestBlocks`. @throws Error when reading fails for another reason than the medium */
  read(block: number, count: number): Reading;
  /**
   * Reads pieces in the order of the device, in few large requests; `visit` gets the number of the piece and the byte
   * where it lies in what was read. `pause` is awaited after each request. Returns the blocks that cannot be read.
   */
  readSorted(
    pieces: Pieces,
    visit: (piece: number, reading: Reading, at: number) => void,
    pause: () => Promise<void>,
  ): Promise<number[]>;
}

/**
 * Buffered on purpose: ext4 keeps its metadata in the page cache of the block device, so that buffered reads see
 * what is not yet written back, and direct reads do not (measured; fs/ext4/inode.c uses sb_bread).
 */
export function createDeviceReader(io: FilesystemIo, fd: number, blockBytes: number, blocks: number): DeviceReader {
  const longestBlocks = Math.max(1, Math.floor(LONGEST_READ_BYTES / blockBytes));
  const gap = Math.floor(GAP_BYTES / blockBytes);
  const memory = new ArrayBuffer(longestBlocks * blockBytes);
  const raw = Buffer.from(memory);
  const view = new DataView(memory);
  const words = new Uint32Array(memory);

  const readInto = (block: number, count: number): number[] => {
    const target = raw.subarray(0, count * blockBytes);
    const unreadable: number[] = [];
    try {
      const length = io.pread(fd, target, block * blockBytes);
      if (length < target.length) target.fill(0, length);
    } catch (error) {
      if (!isMediaError(error)) throw error;
      for (let i = 0; i < count; i++) {
        const one = target.subarray(i * blockBytes, (i + 1) * blockBytes);
        try {
          one.fill(0, io.pread(fd, one, (block + i) * blockBytes));
        } catch (inner) {
          if (!isMediaError(inner)) throw inner;
          one.fill(0);
          unreadable.push(block + i);
        }
      }
    }
    return unreadable;
  };

  const reader: DeviceReader = {
    longestBlocks,
    read(block, count) {
      if (count > longestBlocks || block < 0 || block + count > blocks)
        throw new RangeError(`blocks ${block}+${count}`);
      return { raw, view, words, unreadable: readInto(block, count) };
    },
    async readSorted(pieces, visit, pause) {
      const order = sortedOrder(pieces.block);
      const unreadable: number[] = [];
      for (let i = 0; i < order.length; ) {
        const start = pieces.block[order[i] as number] as number;
        let end = start;
        let next = i;
        for (; next < order.length; next++) {
          const piece = order[next] as number;
          const block = pieces.block[piece] as number;
          const stop = block + (pieces.count[piece] as number);
          if (next > i && (block > end + gap || stop - start > longestBlocks)) break;
          end = Math.max(end, stop);
        }
        const reading = reader.read(start, end - start);
        for (const block of reading.unreadable) unreadable.push(block);
        for (; i < next; i++) {
          const piece = order[i] as number;
          visit(piece, reading, ((pieces.block[piece] as number) - start) * blockBytes);
        }
        await pause();
      }
      return unreadable;
    },
  };
  return reader;
}

/** Indexes of `blocks`, from the lowest block to the highest. */
function sortedOrder(blocks: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: blocks.length }, (_, i) => i);
  let sorted = true;
  for (let i = 1; i < blocks.length && sorted; i++) sorted = (blocks[i - 1] as number) <= (blocks[i] as number);
  return sorted ? order : order.sort((a, b) => (blocks[a] as number) - (blocks[b] as number));
}

/** What a block device answers for bytes it cannot give back. */
function isMediaError(error: unknown): boolean {
  return ['EIO', 'ENODATA', 'EILSEQ', 'EBADMSG', 'EHWPOISON'].includes(errnoOf(error) ?? '');
}
