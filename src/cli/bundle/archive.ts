import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createTar } from 'nanotar';
import { AgentError, errnoOf } from '../../model/errors.ts';

/** A tar.gz below one folder, readable by its owner alone once it is unpacked. */
export async function packed(
  folder: string,
  files: readonly { readonly file: string; readonly text: string }[],
  mtime: number,
): Promise<Uint8Array> {
  const attrs = { mode: '600', mtime, uid: 0, gid: 0 };
  return promisify(gzip)(createTar(files.map(({ file, text }) => ({ name: `${folder}/${file}`, data: text, attrs }))));
}

/** @throws AgentError when something has this name, and may not be written over */
export async function assertFree(file: string, force: boolean): Promise<void> {
  if (force || !(await exists(file))) return;
  throw new AgentError('STATE_FILE', `${file} exists: name another file, or say --force`);
}

/** Under its name at once and whole, or not at all; for its owner alone. @throws AgentError */
export async function writeWhole(file: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const target = resolve(file);
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (force) await rename(draft, target);
    else await linkOrRename(draft, target);
  } catch (error) {
    throw error instanceof AgentError
      ? error
      : new AgentError('STATE_FILE', whyNotWritten(file, error), { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

/** A link never replaces what came meanwhile; where a file system has none, what was looked at before has to do. */
async function linkOrRename(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') await assertFree(target, false);
    if (errno !== 'EPERM' && errno !== 'ENOTSUP' && errno !== 'EOPNOTSUPP') throw error;
    await assertFree(target, false);
    await rename(draft, target);
  }
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

function whyNotWritten(file: string, error: unknown): string {
  const errno = errnoOf(error);
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `${file} was not written (${errno}): no space is left there: name a file elsewhere, or - for standard output`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${file} cannot be written (${errno}): name a file in a folder where you may, or - for standard output`;
    case 'ENOENT':
    case 'ENOTDIR':
      return `${file} cannot be written (${errno}): its folder is not there`;
    default:
      return `${file} cannot be written (${errno ?? 'unknown error'}): name another file, or - for standard output`;
  }
}
