import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';
import { type History, ROOT_DIRECTORY, ROOT_TREE, type Subvolume } from './subvolumes.ts';
import type { TreeSearch } from './tree-search.ts';

/** FILEID_BTRFS_WITHOUT_PARENT (include/linux/exportfs.h): u64 inode, u64 subvolume, u32 generation, 0 for any */
const HANDLE_TYPE = 0x4d;
/**
 * BTRFS_IOC_GET_SUBVOL_INFO (504 bytes) of the subvolume that the descriptor is in, as it is in memory: 280 u64 generation
 * of its tree as of the last commit, 344 u64 generation in which something in it changed last, 352 u64 in which it was made.
 */
export const BTRFS_IOC_GET_SUBVOL_INFO = 0x81f8943c;
const INFO = { bytes: 504, committed: 280, changed: 344, made: 352 } as const;
/** of snapshots that are looked up through one another */
const LONGEST_CHAIN = 1000;
/** trees that a balance works on have their roots under this object */
const RELOCATED_TREES = -8;

/** Where to read what a snapshot has in common with another subvolume. */
export interface Origin {
  readonly tree: number;
  /** leaves of `tree` that are older than this generation are the snapshot's too */
  readonly since: number;
}
/**
 * A snapshot that nobody has changed has all that its origin had when it was made, in the same leaves: what the origin
 * has now in a leaf that is older was there then, and need not be read again. (What it has not, says nothing.)
 */
export interface Snapshots {
  /** undefined when its own tree has to be read */
  originOf(tree: number): Origin | undefined;
  /** whether it has been changed since it was made, as far as the last commit knows */
  isUnchanged(tree: number): boolean;
  /** whether all that `originOf` said still holds: to be asked when the look is over */
  stillHolds(): boolean;
}
export const noSnapshots: Snapshots = {
  originOf: () => undefined,
  isUnchanged: () => false,
  stillHolds: () => true,
};

export interface SnapshotSources {
  readonly io: FilesystemIo;
  readonly fd: number;
  readonly search: TreeSearch;
  readonly subvolumes: ReadonlyMap<number, Subvolume>;
}

export function createSnapshots({ io, fd, search, subvolumes }: SnapshotSources): Snapshots {
  const origins = findOrigins(subvolumes);
  if (origins.size === 0 || isRelocating(search)) return noSnapshots;
  const asked = new Map<number, boolean>();
  const stands = (tree: number): boolean => {
    const known = asked.get(tree);
    if (known !== undefined) return known;
    const now = isAsMade(io, fd, tree);
    asked.set(tree, now);
    return now;
  };
  return {
    originOf(tree) {
      const origin = origins.get(tree);
      return origin !== undefined && stands(tree) ? origin : undefined;
    },
    isUnchanged: (tree) => origins.has(tree),
    stillHolds: () => !isRelocating(search) && [...asked].every(([tree, stood]) => !stood || isAsMade(io, fd, tree)),
  };
}

/** Snapshots that were unchanged at the last commit: each from the next younger one of the same origin, the youngest from that itself. */
function findOrigins(subvolumes: ReadonlyMap<number, Subvolume>): Map<number, Origin> {
  const byUuid = new Map<string, number>();
  const families = new Map<string, { readonly tree: number; readonly history: History }[]>();
  for (const { id: tree, deleted, history } of subvolumes.values()) {
    if (deleted || history === undefined) continue;
    byUuid.set(history.uuid, tree);
    if (history.origin === undefined) continue;
    const family = families.get(history.origin) ?? [];
    family.push({ tree, history });
    families.set(history.origin, family);
  }
  const origins = new Map<number, Origin>();
  for (const [uuid, family] of families) {
    family.sort((a, b) => b.history.made - a.history.made);
    let from = byUuid.get(uuid);
    for (const [i, { tree, history }] of family.entries()) {
      const unchanged = history.changed === history.made && i % LONGEST_CHAIN !== LONGEST_CHAIN - 1;
      if (from !== undefined && unchanged) origins.set(tree, { tree: from, since: history.made });
      from = tree;
    }
  }
  return origins;
}

/** A balance changes where data lies in every tree, and no subvolume's own record tells before the next commit. */
function isRelocating(search: TreeSearch): boolean {
  let found = false;
  const at = (type: number, offset: number) => ({ object: RELOCATED_TREES, type, offset });
  search.each({ tree: ROOT_TREE, from: at(0, 0), to: at(255, -1) }, ({ object }) => {
    if (object === RELOCATED_TREES) found = true;
  });
  return found;
}

/** Whether nothing was changed in a subvolume since it was made, committed or not. */
function isAsMade(io: FilesystemIo, fd: number, tree: number): boolean {
  const raw = Buffer.alloc(INFO.bytes);
  const view = viewOf(raw);
  const read = inSubvolume(io, fd, tree, (root) => {
    io.ioctl(root, BTRFS_IOC_GET_SUBVOL_INFO, raw);
    return read64(view, 0) === tree;
  });
  const made = read64(view, INFO.made);
  return read === true && read64(view, INFO.committed) === made && read64(view, INFO.changed) <= made;
}

/** Looks at the root directory of a subvolume; undefined when it cannot be opened or does not answer. */
export function inSubvolume<T>(io: FilesystemIo, fd: number, tree: number, look: (fd: number) => T): T | undefined {
  const handle = Buffer.alloc(20);
  write64(viewOf(handle), 0, ROOT_DIRECTORY);
  write64(viewOf(handle), 8, tree);
  try {
    const root = io.openHandle(fd, HANDLE_TYPE, handle, 'directory');
    try {
      return look(root);
    } finally {
      io.close(root);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
