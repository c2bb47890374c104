import { errnoOf } from '../../../model/errors.ts';
import { read64, viewOf } from '../little-endian.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import type { XfsInode } from './bulkstat.ts';
import { openXfsInode, type XfsHandle } from './handle.ts';
import { directoryPath, type NameSources } from './names.ts';

/**
 * XFS_IOC_GETPARENTS (fs/xfs/libxfs/xfs_fs.h, Linux 6.10, file systems made with `-n parent=1`). Request 40: 0 cursor
 * (16), 16 u16 iflags, 18 u16 oflags, 20 u32 buffer bytes, 24 u64 0, 32 u64 buffer. Record: 0 struct xfs_handle of the
 * parent (0 fsid 8, 8 u16 length, 12 u32 generation, 16 u64 inode), 24 u32 record length, 32 name, NUL.
 */
const XFS_IOC_GETPARENTS = 0xc028583e;
const REQUEST = 40;
const DONE = 0x2;
const NAME = 32;
/** the kernel clears it at every call: small is quick */
const BUFFER_BYTES = 4096;

interface Parent {
  readonly directory: XfsHandle;
  readonly name: BytePath;
}

/** Names through parent pointers: no directory is read. Leaves out what it cannot find. */
export async function readParents(
  sources: NameSources,
  inodes: readonly XfsInode[],
  add: (inode: number, path: BytePath) => void,
  pause: () => Promise<void>,
): Promise<void> {
  const paths = new Map<number, BytePath | undefined>();
  let done = 0;
  for (const inode of inodes) {
    if (++done % 256 === 0) await pause();
    for (const { directory, name } of parentsOf(sources, inode)) {
      if (!paths.has(directory.inode)) paths.set(directory.inode, directoryPath(sources, directory));
      const path = paths.get(directory.inode);
      if (path !== undefined) add(inode.inode, joinPath(path, name));
    }
  }
}

function parentsOf({ io, mountFd }: NameSources, inode: XfsInode): Parent[] {
  let fd: number | undefined;
  try {
    fd = openXfsInode(io, mountFd, inode, 'file');
    if (fd === undefined) return [];
    const records = Buffer.alloc(BUFFER_BYTES);
    const request = Buffer.alloc(REQUEST);
    request.writeUInt32LE(records.length, 20);
    request.writeBigUInt64LE(io.addressOf(records), 32);
    const parents: Parent[] = [];
    do {
      io.ioctl(fd, XFS_IOC_GETPARENTS, request);
      parents.push(...decodeParents(records));
    } while ((request.readUInt16LE(18) & DONE) === 0);
    return parents;
  } catch (error) {
    // not supported after all, or a link that cannot be opened: directories are looked through instead
    if (errnoOf(error) === undefined) throw error;
    return [];
  } finally {
    if (fd !== undefined) io.close(fd);
  }
}

export function decodeParents(records: Buffer): Parent[] {
  const view = viewOf(records);
  const parents: Parent[] = [];
  for (let at = 0; at + NAME < records.length; ) {
    const size = view.getUint32(at + 24, true);
    if (size <= NAME || at + size > records.length) break;
    const end = records.indexOf(0, at + NAME);
    const name = records.toString('latin1', at + NAME, end < 0 ? at + size : end);
    const directory = {
      inode: read64(view, at + 16),
      generation: view.getUint32(at + 12, true),
    };
    if (name !== '' && directory.inode !== 0) parents.push({ directory, name });
    at += size;
  }
  return parents;
}
