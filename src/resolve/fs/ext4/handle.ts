import { errnoOf, messageOf } from '../../../model/errors.ts';
import type { FilesystemIo, OpenKind } from '../../../ports.ts';

/** FILEID_INO32_GEN (include/linux/exportfs.h): u32 inode, u32 generation; generation 0 matches any on ext4. */
const FILEID_INO32_GEN = 1;

export type OpenedInode =
  | { readonly kind: 'open'; readonly fd: number }
  /** no inode of this number and generation any more */
  | { readonly kind: 'gone' }
  /** it may be there, but cannot be looked at; `locked`: it is encrypted and its key is not there */
  | { readonly kind: 'denied'; readonly reason: string; readonly locked: boolean };

export function openInode(
  io: FilesystemIo,
  mountFd: number,
  inode: number,
  generation: number,
  kind: OpenKind,
): OpenedInode {
  const handle = Buffer.alloc(8);
  handle.writeUInt32LE(inode, 0);
  handle.writeUInt32LE(generation, 4);
  try {
    return { kind: 'open', fd: io.openHandle(mountFd, FILEID_INO32_GEN, handle, kind) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ESTALE') return { kind: 'gone' };
    return { kind: 'denied', reason: messageOf(error), locked: errno === 'ENOKEY' };
  }
}
