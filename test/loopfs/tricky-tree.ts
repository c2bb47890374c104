import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { tool } from './lab.ts';

export interface TrickyTree {
  /** a file without a name, held open */
  readonly deletedFd: number;
  readonly deletedInode: string;
  close(): void;
}

/** Everything that makes the way from a sector to a path hard, small enough to be compared block by block. */
export function growTrickyTree(root: string, blockBytes: number): TrickyTree {
  const at = (...parts: string[]): string => join(root, ...parts);
  mkdirSync(at('plain/deeper/still deeper'), { recursive: true });
  writeFileSync(at('plain/one'), Buffer.alloc(blockBytes * 3 + 17, 1));
  writeFileSync(at('plain/tiny'), 'x');
  writeFileSync(at('plain/empty'), '');
  linkSync(at('plain/one'), at('plain/deeper/second name of one'));
  linkSync(at('plain/one'), at('third name of one'));

  const sparse = openSync(at('plain/sparse'), 'w');
  for (const block of [0, 7, 1000, 250_000])
    writeSync(sparse, Buffer.alloc(blockBytes, 2), 0, blockBytes, block * blockBytes);
  ftruncateSync(sparse, 300_000 * blockBytes);
  closeSync(sparse);

  writeFileSync(at('plain/unwritten'), Buffer.alloc(blockBytes, 3));
  try {
    tool('fallocate', '-o', String(blockBytes * 4), '-l', String(blockBytes * 40), at('plain/unwritten'));
  } catch {
    // files mapped by indirect blocks cannot be preallocated: then there is nothing unwritten on this one
  }

  // every second block, so that no two pieces join: needs blocks of its own for the map
  const pieces = openSync(at('plain/many pieces'), 'w');
  for (let i = 0; i < 1200; i++) {
    writeSync(pieces, Buffer.alloc(blockBytes, i), 0, blockBytes, i * 2 * blockBytes);
    if (i % 100 === 99) fsyncSync(pieces);
  }
  closeSync(pieces);

  const odd = [
    Buffer.from('new\nline'),
    Buffer.from([0x6e, 0x6f, 0x74, 0xff, 0xfe, 0x80, 0x75]),
    Buffer.from('quote"and\\backslash'),
    Buffer.from(' (deleted)'),
    Buffer.from('ü'.repeat(127)),
    Buffer.from('l'.repeat(255)),
  ];
  for (const name of odd) {
    writeFileSync(Buffer.concat([Buffer.from(at('plain/')), name]), Buffer.alloc(blockBytes + 1, 4));
  }
  let deep = at('deep');
  for (let i = 0; i < 30; i++) deep = join(deep, `${'d'.repeat(40)}${i}`);
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'at the bottom'), Buffer.alloc(blockBytes, 5));

  mkdirSync(at('big'));
  for (let i = 0; i < 1500; i++)
    writeFileSync(at('big', `entry with a somewhat long name ${i}`), i % 10 === 0 ? 'y' : '');
  for (let i = 0; i < 1500; i += 3) unlinkSync(at('big', `entry with a somewhat long name ${i}`));
  mkdirSync(at('small'));
  writeFileSync(at('small/only'), Buffer.alloc(blockBytes, 6));

  symlinkSync('short', at('fast link'));
  symlinkSync(`/${'t'.repeat(400)}`, at('slow link'));

  writeFileSync(at('plain/attributes'), 'z');
  writeFileSync(at('plain/same attributes'), 'z');
  for (const file of ['attributes', 'same attributes']) {
    tool('setfattr', '-n', 'user.long', '-v', 'v'.repeat(Math.min(900, blockBytes - 200)), at('plain', file));
  }
  tool('setfattr', '-n', 'user.d', '-v', 'w'.repeat(700), at('small'));

  // holes in the free space, and a freed inode
  for (let i = 0; i < 20; i++) writeFileSync(at(`gone ${i}`), Buffer.alloc(blockBytes * 5, 7));
  for (let i = 0; i < 20; i += 2) rmSync(at(`gone ${i}`));

  const deletedFd = openSync(at('deleted but open'), 'w+');
  writeSync(deletedFd, Buffer.alloc(blockBytes * 6, 8));
  fsyncSync(deletedFd);
  const deletedInode = tool('stat', '-c', '%i', at('deleted but open')).toString().trim();
  unlinkSync(at('deleted but open'));
  tool('sync', '-f', root);
  return { deletedFd, deletedInode, close: () => closeSync(deletedFd) };
}
