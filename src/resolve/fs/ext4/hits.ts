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
