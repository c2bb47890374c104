import { errnoOf } from '../model/errors.ts';
import type { Owner } from '../model/owner.ts';
import type { FilesystemIo } from '../ports.ts';

/** Asks the file itself under its first name, if that still leads to it; undefined when it cannot be asked. */
export function lookAtFile<T>(owner: Owner, io: FilesystemIo, ask: (fd: number) => T): T | undefined {
  const path = owner.pathsBase64?.[0];
  if (path === undefined) return undefined;
  try {
    const fd = io.openPath(Buffer.from(path, 'base64'), 'file');
    try {
      return io.status(fd).inode === owner.inode ? ask(fd) : undefined;
    } finally {
      io.close(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
