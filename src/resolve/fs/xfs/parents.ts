import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import type { XfsInode } from './bulkstat.ts';
import type { XfsHandle } from './handle.ts';
import { directoryPath, type NameSources } from './names.ts';

/**
 * XFS_IOC_GETPARENTS_BY_HANDLE (fs/xfs/libxfs/xfs_fs.h, Linux 6.10, file systems made with `-n parent=1`). Request 64: 0
 * struct xfs_handle of the inode (0 fsid 8, 8 u16 length of the rest, 12 u32 generation, 16 u64 inode), 24 cursor (16),
 * 40 u16 iflags, 42 u16 oflags, 44 u32 buffer bytes, 48 u64 0, 56 u64 buffer. Record: 0 struct xfs_handle of the parent,
 * 24 u32 record length, 32 name, NUL. Nothing is opened, so that links and devices are asked like files.
 */
const XFS_IOC_GETPARENTS_BY_HANDLE = 0xc040583f;
const REQUEST = 64;
const DONE = 0x2;
const NAME = 32;
/** the kernel clears it at every call: small is quick; a name of 255 bytes fits */
const BUFFER_BYTES = 1024;
/**
 * XFS_IOC_FD_TO_HANDLE: 0 u32 descriptor, 8 path, 16 u32 flags, 24 handle in, 32 u32 its length, 40 handle out, 48
 * pointer to its u32 length. The handle of any file begins with the file system's own.
 */
const XFS_IOC_FD_TO_HANDLE = 0xc038586a;
const HANDLE_BYTES = 24;
/** bytes of a handle behind the file system's part and the length itself */
const FID_BYTES = 14;

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
  const ask = createParentReader(sources.io, sources.mountFd);
  if (ask === undefined) return;
  const paths = new Map<number, BytePath | undefined>();
  let done = 0;
  for (const inode of inodes) {
    if (++done % 256 === 0) await pause();
    for (const { directory, name } of ask(inode)) {
      if (!paths.has(directory.inode)) paths.set(directory.inode, directoryPath(sources, directory));
      const path = paths.get(directory.inode);
      if (path !== undefined) add(inode.inode, joinPath(path, name));
    }
  }
}

/** Undefined where the kernel gives no handles. */
function createParentReader(io: FilesystemIo, mountFd: number): ((inode: XfsInode) => readonly Parent[]) | undefined {
  const records = Buffer.alloc(BUFFER_BYTES);
  const request = Buffer.alloc(REQUEST);
  const view = viewOf(request);
  const handle = handleOf(io, mountFd);
  if (handle === undefined) return undefined;
  const address = io.addressOf(records);
  return (inode) => {
    request.fill(0);
    handle.copy(request, 0, 0, 8);
    view.setUint16(8, FID_BYTES, true);
    view.setUint32(12, inode.generation, true);
    write64(view, 16, inode.inode);
    view.setUint32(44, records.length, true);
    view.setBigUint64(56, address, true);
    const parents: Parent[] = [];
    try {
      // an answer without a name in it leads nowhere, whatever it says of more to come
      for (let more = true; more; ) {
        io.ioctl(mountFd, XFS_IOC_GETPARENTS_BY_HANDLE, request);
        const some = decodeParents(records);
        for (const parent of some) parents.push(parent);
        more = (view.getUint16(42, true) & DONE) === 0 && some.length > 0 && parents.length < inode.links + 1;
      }
    } catch (error) {
      // not supported after all, gone, or unreadable: directories are looked through instead
      if (errnoOf(error) === undefined) throw error;
    }
    return parents;
  };
}
function handleOf(io: FilesystemIo, fd: number): Buffer | undefined {
  const handle = Buffer.alloc(HANDLE_BYTES);
  const length = Buffer.alloc(4);
  const request = Buffer.alloc(56);
  request.writeUInt32LE(fd, 0);
  try {
    request.writeBigUInt64LE(io.addressOf(handle), 40);
    request.writeBigUInt64LE(io.addressOf(length), 48);
    io.ioctl(fd, XFS_IOC_FD_TO_HANDLE, request);
    return handle;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
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
