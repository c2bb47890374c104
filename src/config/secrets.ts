import { open } from 'node:fs/promises';
import { errnoOf } from '../model/errors.ts';

const largest = 64 * 1024;

export type SecretRead =
  | { readonly value: string; readonly warning?: string }
  /** completes "FILE …"; never holds what the file says */
  | { readonly wrong: string };

/** Reads a file whose only line is a secret. Its group may read it, as a service's files are kept; others may not. */
export async function readSecret(file: string): Promise<SecretRead> {
  try {
    await using handle = await open(file, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) return { wrong: 'is not a regular file' };
    if (stat.size > largest) return { wrong: `is larger than ${largest} bytes` };
    const value = (await handle.readFile('utf8')).replace(/\r?\n$/, '');
    if (value.trim() === '') return { wrong: 'is empty: write the secret into it' };
    if (/[\r\n\0]/.test(value)) return { wrong: 'has more than one line: it is to hold the secret alone' };
    const mode = stat.mode & 0o777;
    if ((mode & 0o027) === 0) return { value };
    return {
      value,
      warning: `${file} can be ${(mode & 0o007) === 0 ? 'changed by its group' : 'used by everyone'} (mode ${mode.toString(8).padStart(4, '0')}): chmod 640 ${file}`,
    };
  } catch (error) {
    return { wrong: `cannot be read (${errnoOf(error) ?? 'unknown error'})` };
  }
}
