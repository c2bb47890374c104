import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { open, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, type ErrorCode, errnoOf, messageOf } from '../../model/errors.ts';
import type { FileRead, KernelTree } from '../../ports.ts';
import { MAX_READ_BYTES } from './protocol.ts';

/** A kernel attribute is one page; mountinfo of a big host is some of these. */
const CHUNK = 16 * 1024;

/**
 * Reads a small kernel file from its start until its end, so that a seq_file gives one consistent snapshot. Every
 * call runs on a worker of the pool: a device lock holds up only that one.
 * @throws Node's system errors; EFBIG beyond 1 MiB
 */
export async function readKernelFile(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOCTTY);
  try {
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
      if (bytesRead === 0) return Buffer.concat(parts, total);
      parts.push(buffer.subarray(0, bytesRead));
      total += bytesRead;
      if (total > MAX_READ_BYTES) throw tooLarge();
    }
  } finally {
    await handle.close();
  }
}
/** Sorted; null when the directory does not exist. */
export function listNames(directory: string): Promise<string[] | null> {
  return nullWhenAbsent(readdir(directory).then((names) => names.sort()));
}
/** null when there is no symbolic link. */
export function linkTarget(file: string): Promise<string | null> {
  return nullWhenAbsent(readlink(file), 'EINVAL');
}
/** Follows links; null when nothing is there. */
export function inodeNumber(file: string): Promise<string | null> {
  return nullWhenAbsent(stat(file, { bigint: true }).then(({ ino }) => ino.toString()));
}

async function nullWhenAbsent<T>(found: Promise<T>, ...also: readonly string[]): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (isAbsent(errnoOf(error) ?? '', also)) return null;
    throw error;
  }
}
function isAbsent(errno: string, also: readonly string[]): boolean {
  return errno === 'ENOENT' || errno === 'ENOTDIR' || also.includes(errno);
}

/** What a failed call says of itself: Node puts path and call into the message, the reason needs neither. */
export function failureOf(error: unknown): { readonly errno: string; readonly reason: string } {
  const errno = errnoOf(error) ?? 'EIO';
  const text = messageOf(error).replace(/^E[A-Z0-9]+: /, '');
  return { errno, reason: text.replace(/, (open|read|scandir|readlink|stat|close)\b.*$/, '') };
}

/**
 * The same without leaving this thread: a job reads hundreds of them, and what hangs in its process ends with it.
 * @throws as `readKernelFile`
 */
function readKernelFileAtOnce(file: string): Buffer {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOCTTY);
  try {
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const read = readSync(fd, chunk, 0, CHUNK, null);
      if (read === 0) return Buffer.concat(parts, total);
      parts.push(chunk.subarray(0, read));
      total += read;
      if (total > MAX_READ_BYTES) throw tooLarge();
    }
  } finally {
    closeSync(fd);
  }
}
function tooLarge(): Error {
  return Object.assign(new Error(`larger than ${MAX_READ_BYTES} bytes`), { code: 'EFBIG' });
}

/** The tree read from within this process, without deadlines: for the probe's own discovery. */
export function createLocalTree(root: string, code: ErrorCode = 'SYSFS_READ'): KernelTree {
  const read = async (path: string): Promise<FileRead> => {
    try {
      return { kind: 'ok', data: readKernelFileAtOnce(join(root, path)) };
    } catch (error) {
      return { kind: 'failed', ...failureOf(error) };
    }
  };
  const told = async <T>(path: string, find: (file: string) => T, ...alsoAbsent: string[]): Promise<T | undefined> => {
    try {
      return find(join(root, path));
    } catch (cause) {
      const { errno, reason } = failureOf(cause);
      if (isAbsent(errno, alsoAbsent)) return undefined;
      throw new AgentError(code, `${path}: ${reason} (${errno})`, { cause, context: { errno, path } });
    }
  };
  return {
    read,
    async readAll(directory, names) {
      const reads = await Promise.all(names.map(async (name) => [name, await read(`${directory}/${name}`)] as const));
      return new Map(reads);
    },
    list: (directory) => told(directory, (file) => readdirSync(file).sort()),
    link: (path) => told(path, (file) => readlinkSync(file), 'EINVAL'),
    inode: (path) => told(path, (file) => statSync(file, { bigint: true }).ino.toString()),
  };
}
