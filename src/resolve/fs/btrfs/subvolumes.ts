import { read64 } from '../little-endian.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import { garbled, type TreeSearch } from './tree-search.ts';

/**
 * Subvolumes and snapshots by number, from the tree of roots (tree 1): key (number, 132, ·) root item, 216 u32
 * references (0: deleted, its space is being freed); key (number, 144, parent) where it is: 0 u64 directory, 16 u16 length
 * of its name, 18 name.
 */
const ROOT_TREE = 1;
const ROOT_ITEM = 132;
const ROOT_BACKREF = 144;
const ROOT_REFERENCES = 216;
/** the subvolume that every file system has, and the first number of others */
export const TOP_LEVEL = 5;
const FIRST_SUBVOLUME = 256;
/** the last number that a subvolume can have is -256 as an unsigned one */
const LAST_SUBVOLUME = -256;
/** inode of the root directory of every subvolume */
export const ROOT_DIRECTORY = 256;

export interface Subvolume {
  readonly id: number;
  readonly deleted: boolean;
  /** which directory of which subvolume shows it; absent for the top level and for deleted ones */
  readonly place?: { readonly subvolume: number; readonly directory: number; readonly name: BytePath };
}

export function readSubvolumes(search: TreeSearch): Map<number, Subvolume> {
  const found = new Map<number, Subvolume>([[TOP_LEVEL, { id: TOP_LEVEL, deleted: false }]]);
  const range = {
    tree: ROOT_TREE,
    from: { object: FIRST_SUBVOLUME, type: ROOT_ITEM, offset: 0 },
    to: { object: LAST_SUBVOLUME, type: ROOT_BACKREF, offset: -1 },
  };
  search.each(range, ({ object: id, type, offset, at, length, view, raw }) => {
    // the tree of roots also holds inodes of its own, for the old free-space cache
    if (type === ROOT_ITEM) {
      if (length < ROOT_REFERENCES + 4) throw garbled('a tree root that is too short');
      found.set(id, { id, deleted: view.getUint32(at + ROOT_REFERENCES, true) === 0 });
    } else if (type === ROOT_BACKREF) {
      const known = found.get(id);
      const bytes = length < 18 ? length : view.getUint16(at + 16, true);
      if (18 + bytes > length) throw garbled('a name that is too long');
      const name = raw.toString('latin1', at + 18, at + 18 + bytes);
      if (known !== undefined)
        found.set(id, { ...known, place: { subvolume: offset, directory: read64(view, at), name } });
    }
  });
  return found;
}

/** What people read where a subvolume has no path. */
export function subvolumeLabel(id: number, path: BytePath | undefined): string {
  if (id === TOP_LEVEL) return 'the top-level subvolume';
  return path === undefined ? `subvolume ${id}` : `subvolume ${id} (${joinPath('/', path)})`;
}
