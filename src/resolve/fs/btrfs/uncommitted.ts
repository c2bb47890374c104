import { addExtent, FILE_EXTENT, type FileExtent } from './inodes.ts';
import type { Subvolume } from './subvolumes.ts';
import type { TreeSearch } from './tree-search.ts';

/** A file's run in the tree of a subvolume. */
export interface FileRun {
  readonly tree: number;
  readonly inode: number;
  readonly run: FileExtent;
}

const LAST_INODE = -256;

/**
 * Runs of files in leaves that were written since the last commit. The extent tree learns of new extents and of new
 * references to old ones only at the next commit; without these, space just written would be told as free.
 */
export function* readUncommitted(
  search: TreeSearch,
  subvolumes: Iterable<Subvolume>,
  committed: number,
  wants: (logical: number, bytes: number) => boolean,
): Generator<FileRun[], void, void> {
  for (const { id: tree, deleted } of subvolumes) {
    if (deleted) continue;
    const found: FileRun[] = [];
    const range = {
      tree,
      from: { object: 0, type: 0, offset: 0 },
      to: { object: LAST_INODE, type: 255, offset: -1 },
      sinceGeneration: committed + 1,
    };
    search.each(range, (item) => {
      if (item.type !== FILE_EXTENT) return;
      const [run] = addExtent(item, []);
      if (run !== undefined && wants(run.extent, run.extentBytes)) found.push({ tree, inode: item.object, run });
    });
    yield found;
  }
}
