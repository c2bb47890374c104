import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';

/** Long enough for full speed on any disk, short enough to be cancelled soon. */
const LONGEST_READ_BYTES = 8 * 1024 * 1024;
/** Reading over a small gap is cheaper than a second request. */
const GAP_BYTES = 64 * 1024;

/** Pieces of a device in file-system blocks, in the order of their addresses. */
export interface Piece {
  readonly block: number;
  readonly count: number;
}
export interface DeviceReader {
  readonly longestBlocks: number;
  /**
   * Reads at most `longestBlocks`. The result is overwritten by the next call. Blocks that cannot be read come as
   * zeros and are listed in `unreadable`. @throws Error when reading fails for another reason than the medium
   */
  read(block: number, count: number): { readonly raw: Buffer; readonly view: DataView; readonly unreadable: number[] };
  /** Reads sorted pieces in few large requests; `visit` gets the buffer and where the piece lies in it. */
  readSorted<P extends Piece>(
    pieces: Iterable<P>,
    visit: (piece: P, raw: Buffer, view: DataView, at: number) => void,
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
  const buffer = Buffer.alloc(longestBlocks * blockBytes);
  const whole = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

  const readInto = (block: number, count: number, unreadable: number[]): void => {
    const target = buffer.subarray(0, count * blockBytes);
    try {
      target.fill(0, io.pread(fd, target, block * blockBytes));
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
  };

  const reader: DeviceReader = {
    longestBlocks,
    read(block, count) {
      if (count > longestBlocks || block + count > blocks) throw new RangeError(`blocks ${block}+${count}`);
      const unreadable: number[] = [];
      readInto(block, count, unreadable);
      return { raw: buffer, view: whole, unreadable };
    },
    async readSorted<P extends Piece>(
      pieces: Iterable<P>,
      visit: (piece: P, raw: Buffer, view: DataView, at: number) => void,
      pause: () => Promise<void>,
    ) {
      const unreadable: number[] = [];
      let batch: P[] = [];
      let start = 0;
      let end = 0;
      const flush = async (): Promise<void> => {
        if (batch.length === 0) return;
        const { raw, view, unreadable: bad } = reader.read(start, end - start);
        unreadable.push(...bad);
        for (const piece of batch) visit(piece, raw, view, (piece.block - start) * blockBytes);
        batch = [];
        await pause();
      };
      for (const piece of pieces) {
        const far = piece.block > end + gap || piece.block + piece.count - start > longestBlocks || piece.block < start;
        if (batch.length > 0 && far) await flush();
        if (batch.length === 0) {
          start = piece.block;
          end = start;
        }
        batch.push(piece);
        end = Math.max(end, piece.block + piece.count);
      }
      await flush();
      return unreadable;
    },
  };
  return reader;
}

/** What a block device answers for bytes it cannot give back. */
function isMediaError(error: unknown): boolean {
  return ['EIO', 'ENODATA', 'EILSEQ', 'EBADMSG', 'EHWPOISON'].includes(errnoOf(error) ?? '');
}
