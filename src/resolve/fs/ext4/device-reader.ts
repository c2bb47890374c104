import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';

/** Long enough for full speed on any disk, short enough for a processor's cache and to be cancelled soon. */
const LONGEST_READ_BYTES = 1024 * 1024;
/** Reading over a small gap is cheaper than a second request. */
const GAP_BYTES = 64 * 1024;

export interface Piece {
  readonly block: number;
  readonly count: number;
}
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
  /**
   * Reads pieces one after the other, at most `longestBlocks` each; the next is on its way while `visit` looks at one, which
   * reads nothing itself. `pause` is awaited after each. @throws as `read`
   */
  readSeries<P extends Piece>(
    pieces: Iterable<P>,
    visit: (reading: Reading, piece: P) => void,
    pause: (piece: P) => Promise<void>,
  ): Promise<void>;
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
  const slots = [createSlot(longestBlocks * blockBytes)];

  const targetOf = ({ raw }: Slot, { block, count }: Piece): Buffer => {
    if (count > longestBlocks || block < 0 || block + count > blocks) throw new RangeError(`blocks ${block}+${count}`);
    return raw.subarray(0, count * blockBytes);
  };
  /** One by one, after they could not be read together. */
  const readEach = (target: Buffer, { block, count }: Piece): number[] => {
    const unreadable: number[] = [];
    for (let i = 0; i < count; i++) {
      const one = target.subarray(i * blockBytes, (i + 1) * blockBytes);
      try {
        one.fill(0, io.pread(fd, one, (block + i) * blockBytes));
      } catch (error) {
        if (!isMediaError(error)) throw error;
        one.fill(0);
        unreadable.push(block + i);
      }
    }
    return unreadable;
  };
  const readNow = (slot: Slot, piece: Piece): Reading => {
    const target = targetOf(slot, piece);
    try {
      target.fill(0, io.pread(fd, target, piece.block * blockBytes));
      return { ...slot, unreadable: [] };
    } catch (error) {
      if (!isMediaError(error)) throw error;
      return { ...slot, unreadable: readEach(target, piece) };
    }
  };
  const readBeside = async (slot: Slot, piece: Piece): Promise<Reading> => {
    if (io.preadBeside === undefined) return readNow(slot, piece);
    const target = targetOf(slot, piece);
    try {
      target.fill(0, await io.preadBeside(fd, target, piece.block * blockBytes));
      return { ...slot, unreadable: [] };
    } catch (error) {
      if (!isMediaError(error)) throw error;
      return { ...slot, unreadable: readEach(target, piece) };
    }
  };

  const reader: DeviceReader = {
    longestBlocks,
    read: (block, count) => readNow(slots[0] as Slot, { block, count }),
    async readSeries(pieces, visit, pause) {
      if (slots.length === 1) slots.push(createSlot(longestBlocks * blockBytes));
      const series = pieces[Symbol.iterator]();
      let turn = 0;
      const begin = () => {
        const { done, value: piece } = series.next();
        if (done === true) return undefined;
        const reading = readBeside(slots[turn++ % slots.length] as Slot, piece);
        // what ends the series before its turn comes is told instead
        reading.catch(() => undefined);
        return { piece, reading };
      };
      for (let ahead = begin(); ahead !== undefined; ) {
        const { piece, reading } = ahead;
        const now = await reading;
        ahead = begin();
        visit(now, piece);
        await pause(piece);
      }
    },
    async readSorted(pieces, visit, pause) {
      const order = sortedOrder(pieces.block);
      const unreadable: number[] = [];
      await reader.readSeries(
        together(pieces, order, gap, longestBlocks),
        (reading, { block, first, end }) => {
          for (const one of reading.unreadable) unreadable.push(one);
          for (let i = first; i < end; i++) {
            const piece = order[i] as number;
            visit(piece, reading, ((pieces.block[piece] as number) - block) * blockBytes);
          }
        },
        pause,
      );
      return unreadable;
    },
  };
  return reader;
}

type Slot = Omit<Reading, 'unreadable'>;
function createSlot(bytes: number): Slot {
  const memory = new ArrayBuffer(bytes);
  return { raw: Buffer.from(memory), view: new DataView(memory), words: new Uint32Array(memory) };
}

/** Pieces `[first, end)` of the order that are read with one request. */
function* together(
  pieces: Pieces,
  order: Uint32Array,
  gap: number,
  longest: number,
): Generator<Piece & { readonly first: number; readonly end: number }> {
  for (let i = 0; i < order.length; ) {
    const first = i;
    const block = pieces.block[order[i] as number] as number;
    let stop = block;
    for (; i < order.length; i++) {
      const piece = order[i] as number;
      const from = pieces.block[piece] as number;
      const to = from + (pieces.count[piece] as number);
      if (i > first && (from > stop + gap || to - block > longest)) break;
      stop = Math.max(stop, to);
    }
    yield { block, count: stop - block, first, end: i };
  }
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
