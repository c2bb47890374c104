import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo, OpenKind } from '../../../ports.ts';
import { viewOf, write64 } from '../little-endian.ts';

/** XFS_FILEID_TYPE_64FLAG | FILEID_INO32_GEN (fs/xfs/xfs_export.h): u64 inode, u32 generation, exact. */
const XFS_FILEID_INO64_GEN = 0x81;

/** What names an inode for as long as it lives. */
export interface XfsHandle {
  readonly inode: number;
  readonly generation: number;
}

/** An open descriptor, or undefined when the inode is gone. */
export function openXfsInode(io: FilesystemIo, mountFd: number, inode: XfsHandle, kind: OpenKind): number | undefined {
  const handle = Buffer.alloc(12);
  write64(viewOf(handle), 0, inode.inode);
  handle.writeUInt32LE(inode.generation, 8);
  try {
    return io.openHandle(mountFd, XFS_FILEID_INO64_GEN, handle, kind);
  } catch (error) {
    if (errnoOf(error) === 'ESTALE') return undefined;
    throw error;
  }
}
