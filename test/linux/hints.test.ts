import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createClock } from '../../src/linux/clock.ts';
import { createHints } from '../../src/linux/hints.ts';
import type { Hint, Hints } from '../../src/ports.ts';
import { silent, until } from '../probe/rig.ts';

const list: Hint = { kind: 'list', subject: 'pmem0' };
const target = { path: 'block/pmem0/badblocks', hint: list };
const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

interface Rig {
  readonly root: string;
  readonly hints: Hints;
  readonly seen: Hint[];
  readonly attribute: string;
}
function rig(): Rig {
  const root = mkdtempSync(join(tmpdir(), 'pmemwatch-hints-'));
  for (const folder of ['sys/block/pmem0', 'dev', 'etc']) mkdirSync(join(root, folder), { recursive: true });
  const attribute = join(root, 'sys/block/pmem0/badblocks');
  writeFileSync(attribute, '');
  writeFileSync(join(root, 'etc/pmemwatch.yml'), '');
  const seen: Hint[] = [];
  const hints = createHints({
    sysfs: join(root, 'sys'),
    dev: join(root, 'dev'),
    configFiles: () => [join(root, 'etc/pmemwatch.yml')],
    onHint: (hint) => seen.push(hint),
    clock: createClock(),
    log: silent,
  });
  cleanups.push(() => hints.stop());
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  return { root, hints, seen, attribute };
}
const settle = (ms = 100) => new Promise((done) => setTimeout(done, ms));
/** Watches, and forgets what the beginning of a watch hints at. */
async function watching(
  { hints, seen }: Pick<Rig, 'hints' | 'seen'>,
  targets: Parameters<Hints['watch']>[0],
): Promise<void> {
  await hints.watch(targets);
  seen.splice(0);
}
/** As the kernel's notification does: the content moves, the node stays. */
function modify(file: string): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, '8 1\n');
  closeSync(fd);
}

test('a changed attribute is a hint, through the links that sysfs is made of', async () => {
  const { root, hints, seen } = rig();
  mkdirSync(join(root, 'sys/devices/region0'), { recursive: true });
  mkdirSync(join(root, 'sys/bus/nd/devices'), { recursive: true });
  writeFileSync(join(root, 'sys/devices/region0/badblocks'), '');
  symlinkSync('../../../devices/region0', join(root, 'sys/bus/nd/devices/region0'));
  const hint: Hint = { kind: 'list', subject: 'region0' };
  await watching({ hints, seen }, [{ path: 'bus/nd/devices/region0/badblocks', hint }]);
  modify(join(root, 'sys/devices/region0/badblocks'));
  await until(() => seen.length > 0, 'a hint');
  assert.deepEqual(seen[0], hint);
});

test('a list is hinted at when its watch begins, and not again: what changed before that moment told nobody', async () => {
  const { hints, seen, attribute } = rig();
  const scrub = { path: 'block/pmem0/scrub', hint: { kind: 'scrub', bus: 'ndbus0' } } as const;
  writeFileSync(join(attribute, '../scrub'), '');
  await hints.watch([target, scrub]);
  assert.deepEqual(seen, [list]);
  await hints.watch([target, scrub]);
  assert.deepEqual(seen, [list]);
});

test('changes a few milliseconds apart all give hints', async () => {
  const { hints, seen, attribute } = rig();
  await watching({ hints, seen }, [target]);
  for (let i = 0; i < 10; i++) {
    modify(attribute);
    await settle(10);
  }
  await until(() => seen.length >= 10, 'ten hints', 1_000);
});

test('a change is a hint although the access time is later than the modification time', async () => {
  const { hints, seen, attribute } = rig();
  await watching({ hints, seen }, [target]);
  const fixed = new Date(1_700_000_000_000);
  utimesSync(attribute, new Date(fixed.getTime() + 60_000), fixed);
  await settle();
  seen.length = 0;
  const fd = openSync(attribute, 'r+');
  writeSync(fd, '8 1\n');
  utimesSync(attribute, new Date(fixed.getTime() + 60_000), fixed);
  closeSync(fd);
  await until(() => seen.length > 0, 'a hint');
});

test('an attribute that became another node is deaf until the next look arms it anew', async () => {
  const { root, hints, seen, attribute } = rig();
  await watching({ hints, seen }, [target]);
  // as disabling and enabling a namespace does
  renameSync(join(root, 'sys/block/pmem0'), join(root, 'old'));
  mkdirSync(join(root, 'sys/block/pmem0'));
  writeFileSync(attribute, '');
  await settle();
  seen.length = 0;
  modify(attribute);
  await settle();
  assert.deepEqual(seen, []);
  await watching({ hints, seen }, [target]);
  modify(attribute);
  await until(() => seen.length > 0, 'a hint from the new node');
});

test('an attribute that does not exist is no error, and is watched by the first look that finds it', async () => {
  const { root, hints, seen } = rig();
  const later = { path: 'block/pmem1/badblocks', hint: { kind: 'list', subject: 'pmem1' } as const };
  await watching({ hints, seen }, [later]);
  mkdirSync(join(root, 'sys/block/pmem1'));
  writeFileSync(join(root, 'sys/block/pmem1/badblocks'), '');
  await watching({ hints, seen }, [later]);
  modify(join(root, 'sys/block/pmem1/badblocks'));
  await until(() => seen.length > 0, 'a hint');
});

test('what is no longer a target gives no hints', async () => {
  const { hints, seen, attribute } = rig();
  await watching({ hints, seen }, [target]);
  await watching({ hints, seen }, []);
  modify(attribute);
  await settle();
  assert.deepEqual(seen, []);
});

test('a device node that comes or goes is a hint, other names in /dev are not', async () => {
  const { root, hints, seen } = rig();
  await watching({ hints, seen }, []);
  writeFileSync(join(root, 'dev/tty9'), '');
  await settle();
  assert.deepEqual(seen, []);
  writeFileSync(join(root, 'dev/pmem0'), '');
  await until(() => seen.length > 0, 'a hint');
  assert.deepEqual(seen[0], { kind: 'devices' });
  await settle();
  seen.length = 0;
  rmSync(join(root, 'dev/pmem0'));
  await until(() => seen.length > 0, 'a hint');
});

test('a configuration file that an editor replaces is a hint, every time', async () => {
  const { root, hints, seen } = rig();
  await watching({ hints, seen }, []);
  for (let i = 0; i < 2; i++) {
    seen.length = 0;
    writeFileSync(join(root, 'etc/.new'), 'poll: {}\n');
    renameSync(join(root, 'etc/.new'), join(root, 'etc/pmemwatch.yml'));
    await until(() => seen.some((h) => h.kind === 'config'), 'a hint');
  }
});

test('a directory full of noise is left alone for a while, then looked at as if something had happened', async () => {
  const { root, hints, seen } = rig();
  await watching({ hints, seen }, []);
  // in turns, since the kernel merges equal events that follow each other
  for (let i = 0; i < 1_000; i++) for (const name of ['null', 'zero']) writeFileSync(join(root, 'dev', name), 'x');
  await settle(500);
  writeFileSync(join(root, 'dev/pmem0'), '');
  await settle(200);
  assert.deepEqual(seen, [], 'it is not watched now');
  await until(() => seen.length > 0, 'the look after the rest', 20_000);
  assert.deepEqual(seen, [{ kind: 'devices' }]);
});

test('nothing is told after stop', async () => {
  const { hints, seen, attribute } = rig();
  await watching({ hints, seen }, [target]);
  await hints.stop();
  modify(attribute);
  await settle();
  assert.deepEqual(seen, []);
});
