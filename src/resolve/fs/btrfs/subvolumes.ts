import { read64 } from '../little-endian.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import { garbled, type TreeSearch } from './tree-search.ts';

/**
 * Subvolumes and snapshots by number, from the tree of roots (tree 1): key (number, 132, ·) root item, 160 u64 generation
 * of its tree, 216 u32 references (0: deleted, its space is being freed), 239 u64 the generation again (else what follows
 * is not kept up), 247 uuid, 263 uuid of what it is a snapshot of, 303 u64 generation in which it was made; key (number,
 * 144, parent) where it is: 0 u64 directory, 16 u16 length of its name, 18 name.
 */
export const ROOT_TREE = 1;
const ROOT_ITEM = 132;
const ROOT_BACKREF = 144;
const ROOT = { generation: 160, references: 216, generationAgain: 239, uuid: 247, origin: 263, made: 303 } as const;
const NO_UUID = '0'.repeat(32);
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
  /** absent where the file system does not keep it */
  readonly history?: History;
}
export interface History {
  /** 32 hex digits */
  readonly uuid: string;
  /** uuid of the subvolume that it is a snapshot of */
  readonly origin?: string;
  /** generation in which it was made */
  readonly made: number;
  /** in which its tree changed last, as of the last commit */
  readonly changed: number;
}

export function readSubvolumes(search: TreeSearch): Map<number, Subvolume> {
  const found = new Map<number, Subvolume>([[TOP_LEVEL, { id: TOP_LEVEL, deleted: false }]]);
  const range = {
    tree: ROOT_TREE,
    from: { object: TOP_LEVEL, type: ROOT_ITEM, offset: 0 },
    to: { object: LAST_SUBVOLUME, type: ROOT_BACKREF, offset: -1 },
  };
  search.each(range, ({ object: id, type, offset, at, length, view, raw }) => {
    // the tree of roots also holds other trees, and inodes of its own for the old free-space cache
    if (id !== TOP_LEVEL && id < FIRST_SUBVOLUME) return;
    if (type === ROOT_ITEM) {
      if (length < ROOT.references + 4) throw garbled('a tree root that is too short');
      const deleted = id !== TOP_LEVEL && view.getUint32(at + ROOT.references, true) === 0;
      const history = length < ROOT.made + 8 ? undefined : readHistory(view, raw, at);
      found.set(id, { id, deleted, ...(history === undefined ? {} : { history }) });
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

function readHistory(view: DataView, raw: Buffer, at: number): History | undefined {
  const changed = read64(view, at + ROOT.generation);
  if (read64(view, at + ROOT.generationAgain) !== changed) return undefined;
  const uuidAt = (place: number): string => raw.toString('hex', at + place, at + place + 16);
  const origin = uuidAt(ROOT.origin);
  return {
    uuid: uuidAt(ROOT.uuid),
    ...(origin === NO_UUID ? {} : { origin }),
    made: read64(view, at + ROOT.made),
    changed,
  };
}

/** What people read where a subvolume has no path. */
export function subvolumeLabel(id: number, path: BytePath | undefined): string {
  if (id === TOP_LEVEL) return 'the top-level subvolume';
  return path === undefined ? `subvolume ${id}` : `subvolume ${id} (${joinPath('/', path)})`;
}
