/**
 * A process that uses a file as told and keeps doing so until its input ends: `hold.ts open PATH`, `hold.ts map PATH OFFSET
 * LENGTH` (without keeping it open), `hold.ts chroot DIRECTORY open PATH`. Says `ready` when it does.
 */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load(null);
const mmap = libc.func('long mmap(long at, unsigned long bytes, int prot, int flags, int fd, long offset)');
const chroot = libc.func('int chroot(const char *path)');
const PROT_READ = 1;
const MAP_SHARED = 1;

let words = process.argv.slice(2);
if (words[0] === 'chroot') {
  if (chroot(words[1]) !== 0) throw new Error('chroot failed');
  process.chdir('/');
  words = words.slice(2);
}
const [what, path = '', offset, length] = words;
const fd = openSync(path, 'r');
if (what === 'map') {
  if (mmap(0, Number(length), PROT_READ, MAP_SHARED, fd, Number(offset)) === -1) throw new Error('mmap failed');
  closeSync(fd);
}
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
