import assert from 'node:assert/strict';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { createLanes } from '../../src/linux/lanes.ts';
import type { FilesystemIo, Lane, Lanes } from '../../src/ports.ts';
import { createLaneWork, type LaneOrder } from '../../src/resolve/fs/lane-work.ts';
import { askMany, sharedRoom } from '../../src/resolve/fs/many-ioctls.ts';
import { searchTrees } from '../../src/resolve/fs/tree-search.ts';

const roots = { dev: '/dev', proc: '/proc', rootfs: '/' };
const root = mkdtempSync(join(tmpdir(), 'pmemwatch-lanes-'));
after(() => rmSync(root, { recursive: true }));
for (let i = 0; i < 12; i++) {
  for (let j = 0; j < 20; j++) {
    const directory = join(root, `a${i}`, `b${j}`, 'c');
    mkdirSync(directory, { recursive: true });
    for (let k = 0; k < 5; k++) writeFileSync(join(directory, `file ${k}`), '');
    symlinkSync('nowhere', join(directory, 'link'));
  }
}
linkSync(join(root, 'a3/b7/c/file 1'), join(root, 'a9/again'));

/** Every name below the root by inode, as readdir and lstat tell it. */
function namesBelow(): Map<number, string[]> {
  const names = new Map<number, string[]>();
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const { ino } = lstatSync(join(root, name));
    names.set(ino, [...(names.get(ino) ?? []), name].sort());
  }
  return names;
}
async function search(io: FilesystemIo, wanted: readonly number[], signal = new AbortController().signal) {
  const found = new Map<number, string[]>();
  const fd = openSync(root, 'r');
  try {
    await searchTrees(
      {
        io,
        signal,
        aloneMs: 0,
        job: { kind: 'names', inodes: Float64Array.from(wanted) },
        found: ({ names }) => {
          for (const [inode, path] of names) found.set(inode, [...(found.get(inode) ?? []), path].sort());
        },
        enough: () => false,
        progress: () => undefined,
      },
      [{ fd, path: '' }],
    );
  } finally {
    io.close(fd);
  }
  return found;
}
const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('several threads find every name exactly once, and leave nothing open', async () => {
  const expected = namesBelow();
  const io = createFilesystemIo(roots, createLanes(roots, 3));
  await search(io, [...expected.keys()]);
  const before = openFiles();
  // twice: the threads stay for the next search
  for (let i = 0; i < 2; i++) assert.deepEqual(await search(io, [...expected.keys()]), expected);
  assert.equal(openFiles(), before);
});

test('many requests are each answered in their place, whichever thread asked, and failures are told by number', async () => {
  const FIONREAD = 0x541b;
  const io = createFilesystemIo(roots, createLanes(roots, 3));
  const path = join(root, 'a3/b7/c/file 2');
  writeFileSync(path, 'seventeen bytes..');
  const fd = openSync(path, 'r');
  try {
    for (const count of [3, 511, 512, 2001]) {
      const packed = sharedRoom(count * 4);
      const many = { fd, size: 4, packed };
      const ask = (request: number) => askMany(io, { ...many, request }, async () => undefined);
      assert.equal((await ask(FIONREAD)).size, 0);
      assert.deepEqual(new Set(new Int32Array(packed.buffer, packed.byteOffset, count)), new Set([17]));
      const failures = await ask(0xdead);
      assert.deepEqual([...failures.keys()], [...Array(count).keys()]);
      assert.deepEqual(new Set(failures.values()), new Set(['ENOTTY']));
    }
    const stop = async (): Promise<void> => Promise.reject(new Error('stopped'));
    const late = { fd, size: 4, packed: sharedRoom(8000), request: FIONREAD };
    await assert.rejects(askMany(io, late, stop), /stopped/);
    assert.equal((await askMany(io, late, async () => undefined)).size, 0);
  } finally {
    closeSync(fd);
    rmSync(path);
    writeFileSync(path, '');
  }
});

test('work goes from a busy lane to an idle one whatever the order in which they get to run', async () => {
  const expected = namesBelow();
  const plain = createFilesystemIo(roots);
  for (let seed = 1; seed <= 30; seed++) {
    const io = createFilesystemIo(roots, lanesOfOneThread(plain, 4, seed));
    assert.deepEqual(await search(io, [...expected.keys()]), expected, `seed ${seed}`);
  }
});

test('a lane that ends fails the search with the reason instead of waiting for it', async () => {
  const dead: Lane = {
    post: () => undefined,
    listen: (_message, onEnd) => void setImmediate(() => onEnd('it ran out of memory')),
  };
  const lanes: Lanes = { borrow: () => ({ lanes: [dead], giveBack: () => undefined }) };
  await assert.rejects(search(createFilesystemIo(roots, lanes), [1]), /it ran out of memory/);
});

test('a cancelled search ends although its lanes do not answer', async () => {
  const deaf: Lane = { post: () => undefined, listen: () => undefined };
  let finished: boolean | undefined;
  const lanes: Lanes = {
    borrow: () => ({
      lanes: [deaf],
      giveBack(f) {
        finished = f;
      },
    }),
  };
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('enough')), 20);
  await assert.rejects(search(createFilesystemIo(roots, lanes), [1], abort.signal), /enough/);
  assert.equal(finished, false);
});

/** The work of lanes in this thread; whose turn it is comes from a seed. */
function lanesOfOneThread(io: FilesystemIo, count: number, seed: number): Lanes {
  let state = seed;
  const later = (task: () => void): void => {
    state = (state * 48271) % 2147483647;
    setTimeout(task, state % 4);
  };
  const lanes = Array.from({ length: count }, (): Lane => {
    let tell: (message: unknown) => void = () => undefined;
    let chain = Promise.resolve();
    const soon = (before: Promise<void>, task: () => void): Promise<void> =>
      before.then(() => {
        const { promise, resolve } = Promise.withResolvers<void>();
        later(() => {
          task();
          resolve();
        });
        return promise;
      });
    const work = createLaneWork(io, (message) => {
      chain = soon(chain, () => tell(message));
    });
    let orders = Promise.resolve();
    return {
      post(message) {
        orders = soon(orders, () => work(message as LaneOrder));
      },
      listen(onMessage) {
        tell = onMessage;
      },
    };
  });
  return { borrow: () => ({ lanes, giveBack: () => undefined }) };
}
