import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
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
