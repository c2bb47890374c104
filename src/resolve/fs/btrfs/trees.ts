import { type Extent, readExtentAt } from './extents.ts';
import { type Subvolume, subvolumeLabel, TOP_LEVEL } from './subvolumes.ts';
import type { TreeSearch } from './tree-search.ts';

/** BTRFS_*_TREE_OBJECTID (include/uapi/linux/btrfs_tree.h) */
const TREES: ReadonlyMap<number, string> = new Map([
  [1, 'root tree'],
  [2, 'extent tree'],
  [3, 'chunk tree'],
  [4, 'device tree'],
  [6, 'root directory tree'],
  [7, 'checksum tree'],
  [8, 'quota tree'],
  [9, 'uuid tree'],
  [10, 'free-space tree'],
  [11, 'block group tree'],
  [-4, 'balance item'],
  [-5, 'orphan items'],
  [-6, 'log tree'],
  [-7, 'log tree'],
  [-8, 'relocation tree'],
  [-9, 'data relocation tree'],
]);
/** trees are at most this deep (BTRFS_MAX_LEVEL) */
const DEEPEST = 8;
/** of the trees that share a block, how many are named */
const MOST_NAMED = 4;

/** What a tree is called; subvolumes by their path. */
export function treeName(tree: number, pathOf: (subvolume: number) => string | undefined): string {
  const known = TREES.get(tree);
  if (known !== undefined) return known;
  return tree === TOP_LEVEL || tree > 0 ? `tree of ${subvolumeLabel(tree, pathOf(tree))}` : `tree ${tree}`;
}

/** Names what tree blocks belong to; blocks that only other blocks refer to are followed upwards. */
export function createTreeNames(
  search: TreeSearch,
  nodeBytes: number,
  subvolumes: ReadonlyMap<number, Subvolume>,
  pathOf: (subvolume: number) => string | undefined,
): (block: Extent) => string {
  const known = new Map<number, ReadonlySet<number>>();
  const treesOf = (block: Extent, depth: number): ReadonlySet<number> => {
    const before = known.get(block.logical);
    if (before !== undefined) return before;
    const trees = new Set(block.trees);
    for (const parent of depth < DEEPEST ? block.parents : []) {
      const above = readExtentAt(search, nodeBytes, parent);
      if (above?.isTreeBlock === true) for (const tree of treesOf(above, depth + 1)) trees.add(tree);
    }
    known.set(block.logical, trees);
    return trees;
  };
  return (block) => {
    const trees = [...treesOf(block, 0)].sort((a, b) => a - b);
    const live = trees.filter((t) => subvolumes.get(t)?.deleted !== true);
    const shown = (live.length === 0 ? trees : live).slice(0, MOST_NAMED).map((t) => treeName(t, pathOf));
    if (trees.length > MOST_NAMED) shown.push(`${trees.length - MOST_NAMED} more`);
    const what = shown.length === 0 ? 'tree that is not known' : shown.join(', ');
    return `${what}, ${block.level === 0 ? 'leaf' : `node of level ${block.level}`}`;
  };
}
