/** What a block of an inode is. */
export const HIT = { data: 0, unwritten: 1, map: 2, attributes: 3 } as const;

/** Wanted blocks that an inode owns, in growing columns: a file system may have millions. */
export class HitTable {
  readonly inode: number[] = [];
  readonly logical: number[] = [];
  readonly physical: number[] = [];
  readonly count: number[] = [];
  readonly what: number[] = [];

  add(inode: number, logical: number, physical: number, count: number, what: number): void {
    this.inode.push(inode);
    this.logical.push(logical);
    this.physical.push(physical);
    this.count.push(count);
    this.what.push(what);
  }
  get length(): number {
    return this.inode.length;
  }
}

/** Directory blocks are read in pieces that fit any buffer. */
const LONGEST_PIECE = 16;

/** Blocks of directories in growing columns; pieces of contiguous blocks. */
export class DirectoryPieces {
  readonly inode: number[] = [];
  readonly block: number[] = [];
  readonly count: number[] = [];

  add(inode: number, block: number, count: number): void {
    for (let done = 0; done < count; done += LONGEST_PIECE) {
      this.inode.push(inode);
      this.block.push(block + done);
      this.count.push(Math.min(LONGEST_PIECE, count - done));
    }
  }
}

/** Blocks of maps that are yet to be read, in growing columns. */
export class MapNodes {
  readonly inode: number[] = [];
  readonly block: number[] = [];
  readonly count: number[] = [];
  readonly logical: number[] = [];
  readonly level: number[] = [];
  /** bits: MAP_NODE */
  readonly kind: number[] = [];

  add(inode: number, block: number, logical: number, level: number, kind: number): void {
    this.inode.push(inode);
    this.block.push(block);
    this.count.push(1);
    this.logical.push(logical);
    this.level.push(level);
    this.kind.push(kind);
  }
  get length(): number {
    return this.block.length;
  }
}
export const MAP_NODE = { extents: 1, directory: 2 } as const;

/** One bit per inode number. */
export class InodeSet {
  readonly #bits: Uint8Array;
  constructor(inodes: number) {
    this.#bits = new Uint8Array((inodes >>> 3) + 1);
  }
  add(inode: number): void {
    this.#bits[inode >>> 3] = (this.#bits[inode >>> 3] ?? 0) | (1 << (inode & 7));
  }
  has(inode: number): boolean {
    return (((this.#bits[inode >>> 3] ?? 0) >>> (inode & 7)) & 1) === 1;
  }
}
