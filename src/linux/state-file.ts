import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AgentError, errnoOf, messageOf } from '../model/errors.ts';
import type { Database } from '../ports.ts';
import { openDatabase } from './sqlite.ts';

/** The SQLite file of the agent: opened in its own worker, renamed with its journal when it is damaged. */
export function createStateFile(file: string): {
  open(): Promise<Database>;
  setAside(suffix: string): Promise<string>;
} {
  return {
    async open() {
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o750 });
      } catch (cause) {
        const errno = errnoOf(cause);
        const advice = `create ${dirname(file)}, owned by the user of the agent, or choose another place with --state.file`;
        throw new AgentError('STATE_FILE', `${dirname(file)} cannot be made (${errno}): ${advice}`, { cause });
      }
      return openDatabase(file);
    },
    async setAside(suffix) {
      const aside = `${file}${suffix}`;
      try {
        await rename(file, aside);
      } catch (cause) {
        throw new AgentError('STATE_FILE', `${file} is damaged and cannot be renamed: ${messageOf(cause)}`, { cause });
      }
      for (const part of ['-wal', '-shm']) {
        try {
          await rename(`${file}${part}`, `${aside}${part}`);
        } catch (error) {
          if (errnoOf(error) !== 'ENOENT') throw error;
        }
      }
      return aside;
    },
  };
}

/**
 * A copy of the state file, with what its journal holds, in a folder of its own that goes when it is closed: for a file
 * on a medium that takes no writes, which SQLite cannot open together with its journal.
 * @throws AgentError STATE_FILE when there is none, or no place for the copy
 */
export async function openStateCopy(file: string): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'pmemwatch-state-')).catch((cause: unknown) => {
    throw new AgentError('STATE_FILE', `no place for a copy of ${file}: ${messageOf(cause)}`, { cause });
  });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, basename(file));
    await copyFile(file, copy);
    await copyFile(`${file}-wal`, `${copy}-wal`).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    const database = await openDatabase(copy);
    return { ...database, close: () => database.close().finally(remove) };
  } catch (cause) {
    await remove();
    throw new AgentError('STATE_FILE', `${file} cannot be copied: ${messageOf(cause)}`, { cause });
  }
}
