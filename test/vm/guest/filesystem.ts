import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { program } from './program.ts';

export type FsType = 'xfs' | 'ext4';

/** A file system on the disk, mounted at the folder. */
export function makeFilesystem(
  type: FsType,
  disk: string,
  folder: string,
  options: readonly string[] = ['dax=always'],
): void {
  const device = `/dev/${disk}`;
  if (type === 'xfs') {
    // The owner of every block is known only with the reverse map.
    program('modprobe', 'xfs');
    program('mkfs.xfs', '-q', '-f', '-m', 'rmapbt=1', device);
  } else {
    program('mkfs.ext4', '-q', '-F', '-b', '4096', device); // dax needs blocks of a page
  }
  mountAgain(type, disk, folder, options);
}

export function mountAgain(
  type: FsType,
  disk: string,
  folder: string,
  options: readonly string[] = ['dax=always'],
): void {
  if (type === 'xfs') program('modprobe', 'xfs');
  mkdirSync(folder, { recursive: true });
  const chosen = options.length > 0 ? ['-o', options.join(',')] : [];
  program('mount', '-t', type, ...chosen, `/dev/${disk}`, folder);
}

export function unmount(folder: string): void {
  program('umount', folder);
}

export function writeWhole(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  writeSync(file, new Uint8Array(bytes).fill(0x61));
  fsyncSync(file);
  closeSync(file);
}

export function overwrite(path: string, offset: number, bytes: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array(bytes).fill(0x62), 0, bytes, offset);
  fsyncSync(file);
  closeSync(file);
}

/** The sector of the disk that holds this byte of the file, as the file system itself says. */
export function sectorOf(path: string, offset: number): number {
  const unit = offset / 512;
  // filefrag's rows: "  0:  0..  7:  2240..  2247:  8: last,eof", here all in units of 512 bytes.
  for (const row of program('filefrag', '-v', '-b512', path).split('\n')) {
    const [, first, last, physical] = /^\s*\d+:\s*(\d+)\.\.\s*(\d+):\s*(\d+)\.\./.exec(row) ?? [];
    if (Number(first) <= unit && unit <= Number(last)) return Number(physical) + unit - Number(first);
  }
  throw new Error(`${path} has no extent at byte ${offset}`);
}
