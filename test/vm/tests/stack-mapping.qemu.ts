import assert from 'node:assert/strict';
import { closeSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { extent } from '../../../src/model/extent.ts';
import { readPattern, writePattern } from '../guest/pattern.ts';
import { program } from '../guest/program.ts';
import { dropCaches, layerOf, mapDevice, sizeOf, unmapDevice } from '../guest/stack.ts';

// Small members of a RAM disk: every sector of every layer is looked at. What the kernel wrote where is the oracle.
const memberSectors = 4096;
for (const module of ['dm-mod', 'dm-mirror', 'dm-raid', 'dm-crypt', 'raid0', 'raid1', 'raid10', 'raid456']) {
  program('modprobe', module);
}
program('modprobe', 'linear'); // md's
program('modprobe', 'brd', 'rd_nr=1', 'rd_size=65536');
const ram = readFileSync('/sys/block/ram0/dev', 'utf8').trim();
/** Members of different sizes, for the levels that make use of that. */
const sizes = [memberSectors, memberSectors, memberSectors, memberSectors, memberSectors, 6144, 8192, 8192];
const members = sizes.map((size, i) => {
  const start = sizes.slice(0, i).reduce((sum, s) => sum + s, 0);
  return mapDevice(`m${i}`, `0 ${size} linear ${ram} ${start}`);
});
const equal = members.slice(0, 5);
const unequal = [members[0], members[5], members[6], members[7]] as string[];
let tag = 1;

/** Writes through the upper device, reads each lower one, and compares both directions of the mapping with that. */
async function compare(upperName: string, lowers: readonly string[]): Promise<void> {
  const { upper, layer } = await layerOf(upperName);
  tag += 1;
  writePattern(upperName, upper.size, tag);
  dropCaches();
  const seen = new Map<string, Int32Array>();
  let shown = 0;
  for (const lower of lowers) {
    const size = sizeOf(lower);
    const found = readPattern(lower, size, tag);
    const told = new Int32Array(size).fill(-1);
    for (const part of layer.mapUp(upper, extent(lower, 0, size))) {
      assert.notEqual(part.part, 'unknown', JSON.stringify(part));
      if (part.part !== 'shown') continue;
      for (let i = 0; i < part.below.count; i += 1) told[part.below.start + i] = part.above.start + i;
    }
    const wrong = found.findIndex((number, sector) => number !== told[sector]);
    assert.equal(wrong, -1, `${lower} sector ${wrong} holds ${found[wrong]}, told is ${told[wrong]}`);
    shown += told.filter((number) => number >= 0).length;
    seen.set(lower, found);
  }
  assert.ok(shown >= upper.size, 'less is shown than the device has');
  let below = 0;
  for (const part of layer.mapDown(upper, extent(upperName, 0, upper.size))) {
    const found = seen.get(part.below.device);
    assert.ok(found, part.below.device);
    for (let i = 0; i < part.below.count; i += 1) {
      if (found[part.below.start + i] !== part.above.start + i) {
        assert.fail(`sector ${part.above.start + i} is not at ${part.below.device} ${part.below.start + i}`);
      }
    }
    below += part.below.count;
  }
  assert.equal(below, shown, 'down leads to other sectors than up comes from');
}

const arrays: readonly (readonly [level: string, members: readonly string[], ...options: string[]])[] = [
  ['linear', unequal],
  ['raid0', equal.slice(0, 3), '--chunk=64'],
  ['raid0', unequal, '--chunk=32', '--layout=original'],
  ['raid0', unequal, '--chunk=32', '--layout=alternate'],
  ['raid1', equal.slice(0, 3)],
  ['raid1', equal.slice(0, 2), '--metadata=1.0'],
  ['raid1', equal.slice(0, 2), '--metadata=0.90'],
  ['raid10', equal.slice(0, 3), '--layout=n2', '--chunk=16'],
  ['raid10', equal.slice(0, 3), '--layout=f2', '--chunk=16'],
  ['raid10', equal.slice(0, 5), '--layout=f3', '--chunk=16'],
  ['raid10', equal.slice(0, 3), '--layout=o2', '--chunk=16'],
  ['raid10', equal.slice(0, 4), '--layout=o3', '--chunk=16'],
  ['raid4', equal.slice(0, 3), '--chunk=16'],
  ...['left-symmetric', 'right-asymmetric', 'parity-first'].map(
    (layout) => ['raid5', equal.slice(0, 4), `--layout=${layout}`, '--chunk=16'] as const,
  ),
  ...['left-symmetric', 'ddf-N-restart', 'ddf-N-continue', 'left-symmetric-6'].map(
    (layout) => ['raid6', equal, `--layout=${layout}`, '--chunk=16'] as const,
  ),
];
for (const [level, lowers, ...options] of arrays) {
  test(`md ${level} ${options.join(' ')} on ${lowers.length}: every sector is where we say`, async () => {
    const devices = lowers.map((name) => `/dev/${name}`);
    program(
      'mdadm',
      '--create',
      '/dev/md7',
      '--run',
      '--force',
      '--assume-clean',
      `--level=${level}`,
      `--raid-devices=${lowers.length}`,
      ...options,
      ...devices,
    );
    try {
      await compare('md7', lowers);
    } finally {
      program('mdadm', '--stop', '/dev/md7');
      program('mdadm', '--zero-superblock', ...devices);
    }
  });
}

const numbers = members.map((name) => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim());
const [a, b, c, d, e, f, g, h] = numbers as [string, string, string, string, string, string, string, string];
const tables: readonly (readonly [name: string, members: number, ...rows: string[]])[] = [
  ['linear in three rows', 2, `0 1000 linear ${a} 64`, `1000 500 linear ${b} 2048`, `1500 77 linear ${a} 3000`],
  ['striped', 3, `0 3840 striped 3 128 ${a} 0 ${b} 256 ${c} 8`],
  ['mirror', 2, `0 4080 mirror core 2 64 nosync 2 ${a} 16 ${b} 0`],
  ['delay and flakey', 2, `0 256 delay ${a} 8 0`, `256 256 flakey ${b} 512 3600 0`],
  ['raid1', 2, `0 4096 raid raid1 2 0 nosync 2 - ${a} - ${b}`],
  ['raid4', 3, `0 4096 raid raid4 2 64 nosync 3 - ${a} - ${b} - ${c}`],
  ['raid5_la', 3, `0 4096 raid raid5_la 2 64 nosync 3 - ${a} - ${b} - ${c}`],
  ['raid6_zr', 4, `0 4096 raid raid6_zr 1 64 4 - ${a} - ${b} - ${c} - ${d}`],
  // this level starts only with metadata, as LVM gives every level
  ['raid10 near', 4, `0 4096 raid raid10 2 64 nosync 4 ${e} ${a} ${f} ${b} ${g} ${c} ${h} ${d}`],
  [
    'raid10 far',
    4,
    `0 4096 raid raid10 6 64 nosync raid10_copies 2 raid10_format far 4 ${e} ${a} ${f} ${b} ${g} ${c} ${h} ${d}`,
  ],
  [
    'raid10 offset',
    3,
    `0 3072 raid raid10 6 64 nosync raid10_copies 2 raid10_format offset 3 ${e} ${a} ${f} ${b} ${g} ${c}`,
  ],
];
for (const [name, count, ...rows] of tables) {
  test(`device-mapper ${name}: every sector is where we say`, async () => {
    // what an earlier array left in its metadata would win over the table
    for (const name of members.slice(4)) wipeStart(name);
    const upper = mapDevice('upper', ...rows);
    try {
      await compare(upper, equal.slice(0, count));
    } finally {
      unmapDevice('upper');
    }
  });
}

const opaque: readonly (readonly [target: string, table: string, roles: readonly string[]])[] = [
  ['thin-pool', `0 4096 thin-pool ${a} ${b} 128 0`, ['thin pool metadata', 'thin pool data']],
  ['cache', `0 4096 cache ${a} ${b} ${c} 128 1 writeback smq 0`, ['cache metadata', 'cache', 'cache origin']],
  ['writecache', `0 2048 writecache s ${a} ${b} 4096 0`, ['writecache origin', 'writecache']],
  ['snapshot', `0 4096 snapshot ${a} ${b} N 8`, ['snapshot origin', 'snapshot store']],
  ['integrity', `0 2048 integrity ${a} 0 8 J 1 internal_hash:crc32c`, ['integrity device']],
];
for (const [target, table, roles] of opaque) {
  test(`device-mapper ${target}: its devices are hidden uses of it, as the kernel prints its table`, async () => {
    program('modprobe', `dm-${target}`);
    for (const name of equal.slice(0, 3)) wipeStart(name);
    const upperName = mapDevice('upper', table);
    try {
      const { upper, layer } = await layerOf(upperName);
      assert.equal(layer.kindAt(upper, 0), `dm-${target}`);
      const told = equal.slice(0, roles.length).map((lower) => layer.mapUp(upper, extent(lower, 8, 16)));
      assert.deepEqual(
        told.map((parts) => parts.map((p) => [p.part, p.part === 'hidden' ? p.what : ''])),
        roles.map((role) => [['hidden', `${role} of upper`]]),
      );
      assert.deepEqual(layer.mapDown(upper, extent(upperName, 0, 8)), []);
    } finally {
      unmapDevice('upper');
    }
  });
}

test('device-mapper crypt: a sector that is written changes the one below that we say, and its key is not read', async () => {
  const key = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
  const upperName = mapDevice('upper', `0 2048 crypt aes-xts-plain64 ${key} 0 ${a} 128`);
  try {
    const { upper, layer } = await layerOf(upperName);
    assert.doesNotMatch(JSON.stringify(upper), /0001020304/);
    const lower = equal[0] as string;
    for (const sector of [0, 8, 1000, 2040]) {
      const before = readWhole(lower);
      writeAt(upperName, sector, 8);
      dropCaches();
      const after = readWhole(lower);
      const changed = [...Array(sizeOf(lower)).keys()].filter(
        (i) => !before.subarray(i * 512, i * 512 + 512).equals(after.subarray(i * 512, i * 512 + 512)),
      );
      const [told] = layer.mapDown(upper, extent(upperName, sector, 8));
      assert.deepEqual([changed[0], changed.length], [told?.below.start, 8]);
      const [up] = layer.mapUp(upper, extent(lower, changed[0] ?? 0, 8));
      assert.equal(up?.part === 'shown' ? up.above.start : undefined, sector);
    }
  } finally {
    unmapDevice('upper');
  }
});

function wipeStart(device: string): void {
  program('dd', 'if=/dev/zero', `of=/dev/${device}`, 'bs=64k', 'count=4', 'conv=fsync');
}
function readWhole(device: string): Buffer {
  const buffer = Buffer.alloc(sizeOf(device) * 512);
  const file = openSync(`/dev/${device}`, 'r');
  readSync(file, buffer, 0, buffer.length, 0);
  closeSync(file);
  return buffer;
}
function writeAt(device: string, sector: number, count: number): void {
  const file = openSync(`/dev/${device}`, 'r+');
  writeSync(file, Buffer.alloc(count * 512, 0x5a), 0, count * 512, sector * 512);
  fsyncSync(file);
  closeSync(file);
}
