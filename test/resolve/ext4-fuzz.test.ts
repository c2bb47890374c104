import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { AgentError } from '../../src/model/errors.ts';
import { run, subtract } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../src/model/topology.ts';
import { bytes, sectorCount } from '../../src/model/units.ts';
import type { FilesystemIo } from '../../src/ports.ts';
import { ext4 } from '../../src/resolve/fs/ext4.ts';
import type { Coverage } from '../../src/resolve/fs/resolver.ts';
import { memoryIo } from './memory-io.ts';

/** Made by test/fixtures/fs/ext4/make.sh: file systems of 1 MiB with 1 KiB blocks. */
const images = ['bigalloc', 'extents', 'groups', 'indirect', 'inline'] as const;
const folder = join(import.meta.dirname, '../fixtures/fs/ext4');
const intact = new Map(images.map((name) => [name, gunzipSync(readFileSync(join(folder, `${name}.img.gz`)))]));
const SECTORS = 2048;
const BLOCK = 1024;
const CASES = Number(process.env['PMEMWATCH_FUZZ_CASES'] ?? 2000);
const SEED = process.env['PMEMWATCH_SEED'] === undefined ? 20_161 : Number(process.env['PMEMWATCH_SEED']);

const device: BlockDevice = {
  name: 'pmem0',
  devNumber: '259:0',
  size: sectorCount(SECTORS),
  logicalBlockBytes: bytes(512),
  kind: 'disk',
  holders: [],
  slaves: [],
  hasBadblocks: true,
  dax: false,
};
const mount: Mount = {
  id: 1,
  parentId: 0,
  devNumber: '259:0',
  root: pathFromText('/'),
  mountpoint: pathFromText('/mnt'),
  fsType: 'ext4',
  source: pathFromText('/dev/pmem0'),
  options: [],
  superOptions: [],
};

interface Outcome {
  readonly owners: readonly Owner[];
  readonly coverage: Coverage;
}
async function resolveAll(io: FilesystemIo): Promise<Outcome> {
  const stream = ext4.resolve({
    device,
    wanted: [run(0, SECTORS)],
    mount,
    mounts: [mount],
    walkRoots: [],
    io,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  const owners: Owner[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return { owners, coverage: next.value };
    for (const owner of next.value) owners.push(owner);
    assert.ok(owners.length < 100_000, 'owners without end');
  }
}

/** The device in memory, beneath a kernel that answers by `noise` alone; counts what is read. */
function noisyKernel(image: Buffer, noise: Uint8Array, badByte: number | undefined): FilesystemIo & { bytes: number } {
  const base = memoryIo(image, badByte === undefined ? {} : { badBytes: [badByte] });
  let turn = 0;
  const next = (): number => noise[turn++ % noise.length] as number;
  const inodes = new Map<number, number>();
  const open = (inode: number): number => {
    const errno = [undefined, undefined, undefined, 'ESTALE', 'ENOENT', 'EXDEV', 'EACCES', 'EIO'][next() % 8];
    if (errno !== undefined) throw Object.assign(new Error(errno), { code: errno });
    inodes.set(100 + turn, inode);
    return 100 + turn;
  };
  const io = {
    ...base,
    bytes: 0,
    openPath: () => 2,
    openBeneath: () => open(next() % 96),
    openHandle: (_mount: number, _type: number, handle: Uint8Array) => open(Buffer.from(handle).readUInt32LE(0)),
    status: (fd: number) => ({
      devNumber: '259:0',
      deviceNumber: '0:0',
      inode: String(inodes.get(fd) ?? next()),
      mode: 0o100644,
      linkCount: next() % 4,
      size: next() * 4096,
    }),
    ioctl(_fd: number, _request: number, buffer: Uint8Array) {
      if (next() % 16 === 0) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      // the count, then a few records
      for (let i = 20; i < 200; i += 1 + (next() % 9)) buffer[i] = next();
      return 0;
    },
    readDirectory(_fd: number, into: Uint8Array) {
      if (next() % 2 === 0) return 0;
      for (let i = 0; i < 256; i++) into[i] = next();
      return 256;
    },
    pathOf: () => Buffer.from('/mnt'),
    pread(fd: number, into: Uint8Array, position: number) {
      io.bytes += into.length;
      assert.ok(io.bytes < 256 * SECTORS * 512, 'reads without end');
      return base.pread(fd, into, position);
    },
  };
  return io;
}

/** Where metadata lies on these images: what is damaged there matters. */
function metadataBytes(image: Buffer): [number, number][] {
  const groups = Math.ceil((image.readUInt32LE(1024 + 4) - 1) / image.readUInt32LE(1024 + 0x20));
  const places: [number, number][] = [
    [1024, 1024],
    [2048, groups * 64],
  ];
  for (let block = 2; block < SECTORS / 2; block++) {
    const used = image.subarray(block * BLOCK, (block + 1) * BLOCK).some((b) => b !== 0);
    if (used) places.push([block * BLOCK, BLOCK]);
  }
  return places;
}
const places = new Map([...intact].map(([name, image]) => [name, metadataBytes(image)]));

const interesting = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0xf30a, 0x7fffffff, 0x80000000, 0xffffffff];
const change = fc.record({
  // the first places are superblock and descriptors: damaged as often as all others together
  place: fc.oneof(fc.constantFrom(0, 1), fc.nat(10_000)),
  at: fc.nat(1023),
  width: fc.constantFrom(1, 2, 4),
  value: fc.oneof(fc.constantFrom(...interesting), fc.nat(0xffffffff), fc.nat(1100)),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function damage(name: (typeof images)[number], changes: readonly Change[]): Buffer {
  const image = Buffer.from(intact.get(name) as Buffer);
  const all = places.get(name) as [number, number][];
  for (const { place, at, width, value } of changes) {
    const [start, length] = all[place % all.length] as [number, number];
    const offset = start + Math.floor((at % length) / width) * width;
    image.writeUIntLE(width === 4 ? value : value % 2 ** (8 * width), offset, width);
  }
  return image;
}

for (const name of images) {
  test(`the intact image ${name} is resolved as a whole`, async () => {
    // a kernel that opens nothing: what was found is told, and that it could not be checked
    const { owners, coverage } = await resolveAll({ ...memoryIo(intact.get(name) as Buffer), openPath: () => 2 });
    assert.deepEqual(subtract([run(0, SECTORS)], owners), []);
    const kinds = new Set(owners.map((o) => o.metadata ?? o.kind));
    for (const kind of ['superblock', 'inode table', 'xattr', 'symlink', 'free']) assert.ok(kinds.has(kind), kind);
    assert.equal(coverage.complete, false, 'nothing could be checked with the kernel');
  });
}

test('group descriptors that cannot be read are taken from their copy, and the answer is not called complete', async () => {
  const image = intact.get('groups') as Buffer;
  const ask = (io: FilesystemIo) => resolveAll({ ...io, openPath: () => 2 });
  const { owners: expected } = await ask(memoryIo(image));
  const { owners, coverage } = await ask(memoryIo(image, { badBytes: [2 * BLOCK + 7] }));
  const claims = (list: readonly Owner[]) =>
    list.filter((o) => o.inode !== undefined).map((o) => [o.start, o.count, o.inode, o.paths]);
  assert.deepEqual(claims(owners), claims(expected));
  assert.ok(!coverage.complete && /group descriptors in block 2 are unreadable/.test(coverage.reason));
});

test(`damaged images and random answers of the kernel give coded errors or whole answers (${CASES} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...images),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.uint8Array({ minLength: 8, maxLength: 64 }),
      fc.option(fc.nat(SECTORS * 512 - 1), { nil: undefined, freq: 3 }),
      async (name, changes, noise, badByte) => {
        const io = noisyKernel(damage(name, changes), noise, badByte);
        try {
          const { owners } = await resolveAll(io);
          assert.deepEqual(subtract([run(0, SECTORS)], owners), [], 'some sectors have no owner');
          for (const o of owners) assert.ok(o.start >= 0 && o.start + o.count <= SECTORS, JSON.stringify(o));
        } catch (error) {
          if (error instanceof AgentError) return;
          const { code } = error as NodeJS.ErrnoException;
          assert.ok(code === 'EIO', error as Error);
        }
      },
    ),
    { numRuns: CASES, seed: SEED, endOnFailure: true },
  );
});
