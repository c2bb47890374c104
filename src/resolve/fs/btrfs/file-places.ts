import { AgentError, errnoOf, messageOf } from '../../../model/errors.ts';
import type { Run } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { FIEMAP, type FiemapExtent, isPlaced } from '../fiemap.ts';
import { type Chunk, chunkAt, copiesOf, readChunks } from './chunks.ts';
import { goodCopies } from './copies.ts';
import { readFileExtents } from './inodes.ts';
import { isPathOf } from './member.ts';
import { createTreeSearch, type TreeSearch, treeSearchBuffer } from './tree-search.ts';
import { BTRFS_IOC_FS_INFO, readVolume, type Volume } from './volume.ts';

/** Some bytes of a file in one of the places where they are kept. */
export interface FilePlace {
  /** bytes of the file */
  readonly offset: number;
  readonly length: number;
  readonly device: BlockDevice;
  /** bytes of the device */
  readonly byte: number;
  readonly bytes: number;
  /** compressed or encrypted: any of `bytes` spoils all of `length` */
  readonly packed: boolean;
  readonly goodCopy: NonNullable<Owner['goodCopy']>;
}
export interface FilePlaces {
  readonly places: readonly FilePlace[];
  /** why there may be more; empty when these are all */
  readonly gaps: readonly string[];
}
export interface FilePlacer {
  /** Where a file lies; undefined when it is not on a btrfs. `extents` is what FIEMAP says of it: logical addresses. */
  place(fd: number, extents: readonly FiemapExtent[]): FilePlaces | undefined;
}

/** the tree of the subvolume that the descriptor is in */
const OWN_TREE = 0;
/** chunks are read anew after this long: a balance moves them */
const CHUNKS_MS = 1000;

interface Layout {
  readonly at: number;
  readonly volume: Volume;
  readonly chunks: readonly Chunk[];
}

export function createFilePlacer(deps: {
  readonly io: FilesystemIo;
  readonly blockDevices: readonly BlockDevice[];
  readonly worthOf: (path: string, where: Run) => 'good' | 'bad' | 'unknown';
}): FilePlacer {
  const { io, blockDevices, worthOf } = deps;
  const buffer = treeSearchBuffer();
  const layouts = new Map<string, Layout>();

  const layoutOf = (fd: number, fsid: string, search: TreeSearch): Layout => {
    const known = layouts.get(fsid);
    if (known !== undefined && Date.now() - known.at < CHUNKS_MS) return known;
    const layout = { at: Date.now(), volume: readVolume(io, fd), chunks: readChunks(search) };
    layouts.set(fsid, layout);
    return layout;
  };

  /** Every copy of some logical addresses that hold bytes of the file. */
  function* placesOf(
    layout: Layout,
    what: Omit<FilePlace, 'device' | 'byte' | 'goodCopy'>,
    logical: number,
    gaps: Set<string>,
  ) {
    const { volume, chunks } = layout;
    const members = new Map(volume.members.map((m) => [m.id, m]));
    for (let at = logical; at < logical + what.bytes; ) {
      const chunk = chunkAt(chunks, at);
      if (chunk === undefined) {
        gaps.add('a part of it lies in a chunk that is not known');
        return;
      }
      const end = Math.min(logical + what.bytes, chunk.logical + chunk.length);
      for (const range of copiesOf(chunk, at, end)) {
        for (const copy of range.copies) {
          const path = members.get(copy.device)?.path ?? '';
          const device = blockDevices.find((d) => isPathOf(path, d));
          if (device === undefined) {
            gaps.add(
              path === '' ? 'a device of its btrfs is missing' : `${path} is no block device that is known here`,
            );
            continue;
          }
          const state = { members, device: copy.device, worthOf };
          const [good] = goodCopies(chunk, range.logical, range.logical + range.length, copy.byte, state);
          const into = range.logical - logical;
          const inFile = what.packed ? what : { ...what, offset: what.offset + into, length: range.length };
          const goodCopy = good?.goodCopy ?? { exists: 'unknown', where: null };
          yield { ...inFile, device, byte: copy.byte, bytes: range.length, goodCopy } satisfies FilePlace;
        }
      }
      at = end;
    }
  }

  function placeAll(fd: number, fsid: string, extents: readonly FiemapExtent[]): FilePlaces {
    const search = createTreeSearch(io, fd, buffer);
    const layout = layoutOf(fd, fsid, search);
    const places: FilePlace[] = [];
    const gaps = new Set<string>();
    for (const e of extents) {
      if (!isPlaced(e) || (e.flags & FIEMAP.ENCODED) !== 0) continue;
      const what = { offset: e.logical, length: e.length, bytes: e.length, packed: false };
      for (const place of placesOf(layout, what, e.physical, gaps)) places.push(place);
    }
    // FIEMAP does not tell how long they are on the device
    const packed = extents.filter((e) => isPlaced(e) && (e.flags & FIEMAP.ENCODED) !== 0);
    const [first] = packed;
    const last = packed.at(-1);
    if (first === undefined || last === undefined) return { places, gaps: [...gaps] };
    const inode = Number(io.status(fd).inode);
    for (const r of readFileExtents(search, OWN_TREE, inode, first.logical, last.logical + last.length)) {
      if (!r.packed) continue;
      const what = { offset: r.offset, length: r.length, bytes: r.extentBytes, packed: true };
      for (const place of placesOf(layout, what, r.extent, gaps)) places.push(place);
    }
    return { places, gaps: [...gaps] };
  }

  return {
    place(fd, extents) {
      const fsid = readFsid(io, fd);
      if (fsid === undefined) return undefined;
      try {
        return placeAll(fd, fsid, extents);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === undefined && !(error instanceof AgentError)) throw error;
        const why = errno === 'EPERM' ? 'its trees are for root only (CAP_SYS_ADMIN)' : messageOf(error);
        return { places: [], gaps: [`where it lies on its btrfs cannot be told: ${why}`] };
      }
    },
  };
}

/** Undefined when it is no btrfs. */
function readFsid(io: FilesystemIo, fd: number): string | undefined {
  const info = Buffer.alloc(1024);
  try {
    io.ioctl(fd, BTRFS_IOC_FS_INFO, info);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
  return info.toString('hex', 16, 32);
}
