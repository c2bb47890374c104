import { closeSync, lstatSync, openSync, writeFileSync } from 'node:fs';
import type { Random } from './random.ts';
import type { TreeOptions } from './random-tree.ts';

/** What the steps below share: directories to put files in, and the regular files made so far. */
export interface Garden {
  readonly random: Random;
  readonly options: Required<TreeOptions>;
  readonly root: Buffer;
  readonly directories: Buffer[];
  readonly files: Buffer[];
  readonly others: Buffer[];
}
export type Step = (garden: Garden, count: number) => void;

export function below(directory: Buffer, name: Buffer | string): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), typeof name === 'string' ? Buffer.from(name) : name]);
}
export function exists(path: Buffer): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    // removed again by a later step
    return false;
  }
}
/** A new name in some directory. */
export function place({ random, directories: all }: Garden, name: Buffer | string): Buffer {
  return below(random.pick(all), name);
}
export function contents({ random, options }: Garden, bytes: number): Buffer {
  return random.bytes(bytes, options.compression && random.chance(0.5));
}
export function addFile(garden: Garden, path: Buffer, data: Buffer): void {
  writeFileSync(path, data);
  garden.files.push(path);
}
/** Files that are written in pieces. */
export function addWritten(garden: Garden, path: Buffer, write: (fd: number) => void): void {
  const fd = openSync(path, 'w');
  try {
    write(fd);
  } finally {
    closeSync(fd);
  }
  garden.files.push(path);
}
