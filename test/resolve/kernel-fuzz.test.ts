import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AgentError, errnoOf } from '../../src/model/errors.ts';
import { coalesce, type Run, run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../src/model/topology.ts';
import { bytes, sectorCount } from '../../src/model/units.ts';
import type { FilesystemIo } from '../../src/ports.ts';
import { FS_IOC_FIEMAP } from '../../src/resolve/fs/fiemap.ts';
import { FS_IOC_GETFSMAP } from '../../src/resolve/fs/getfsmap.ts';
import type { FilesystemResolver, FilesystemTask } from '../../src/resolve/fs/resolver.ts';
import { walk } from '../../src/resolve/fs/walk.ts';
import { xfs } from '../../src/resolve/fs/xfs.ts';
import { resolveRuns } from '../../src/resolve/resolve.ts';
import { memoryIo } from './memory-io.ts';

/** A hundred thousand by `PMEMWATCH_FUZZ_CASES=100000`. */
const CASES = Number(process.env['PMEMWATCH_FUZZ_CASES'] ?? 1500);
/** More calls than this for a few sectors would be a loop. */
const MOST_CALLS = 300_000;
const XFS_IOC_FSGEOMETRY = 0x8100587e;
const XFS_IOC_BULKSTAT = 0x8040587f;
const XFS_IOC_GETBMAPX = 0xc0205838;

class Endless extends Error {}

/** Answers with noise in the shape of what a kernel says, the same for the same seed. */
function noisyKernel(seed: number): FilesystemIo {
  let state = (seed >>> 0) + 1;
  let calls = 0;
  let entries = 0;
  const next = (): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state = (Math.imul(state ^ (state >>> 12), 0x297a2d39) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
  };
  const below = (most: number): number => Math.floor(next() * most);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const faulty = next() < 0.3 ? 0.1 : 0.003;
  const wild = next() < 0.3 ? 0.3 : 0.01;
  const errnos = [
    'EIO',
    'EUCLEAN',
    'EPERM',
    'ENOENT',
    'EINVAL',
    'ESTALE',
    'ENOTTY',
    'ENOTSUP',
    'ENODATA',
    'EINTR',
    'EMFILE',
  ];
  const count = (): void => {
    if (++calls > MOST_CALLS) throw new Endless();
    if (next() >= faulty) return;
    const code = pick(errnos);
    throw Object.assign(new Error(`${code}: noise`), { code });
  };
  const opened = (fd: number): number => {
    count();
    return fd;
  };
  const word = (): bigint => {
    if (next() < wild) return (BigInt(below(2 ** 32)) << 32n) | BigInt(below(2 ** 32));
    return BigInt(below(pick([2, 16, 4096, 1_000_000])));
  };
  const flags = (of: readonly number[]): number =>
    (next() < 0.5 ? 0 : pick(of) | pick(of)) | (next() < wild ? below(2 ** 31) : 0);
  const records = (capacity: number): number => (next() < wild ? below(2 ** 32) : below(pick([2, 5, capacity + 1])));

  const geometry = (raw: DataView): void => {
    const fields: [number, number][] = [
      [0, 4096],
      [8, 250],
      [12, 4],
      [16, 10],
      [20, 512],
      [24, 512],
      [32, 1000],
      [56, 300],
      [92, pick([0, 0x80000, 0x2080000])],
    ];
    for (const [at, value] of fields) raw.setUint32(at, next() < wild / 10 ? below(2 ** 32) : value, true);
    if (next() < wild / 10) raw.setUint32(128, 7, true);
  };
  let physical = 0n;
  const fsmap = (raw: DataView): void => {
    raw.setUint32(12, records(128), true);
    if (raw.getUint32(96, true) === 0) physical = raw.getBigUint64(72, true);
    for (let at = 192; at + 64 <= raw.byteLength; at += 64) {
      raw.setUint32(at + 4, flags([1, 2, 4, 8, 0x10, 0x20]), true);
      physical = next() < wild ? word() : physical + (next() < 0.5 ? 0n : 512n);
      raw.setBigUint64(at + 8, physical, true);
      raw.setBigUint64(at + 16, next() < 0.3 ? (0x58n << 32n) | BigInt(below(10)) : word(), true);
      raw.setBigUint64(at + 24, word() * 512n, true);
      raw.setBigUint64(at + 32, next() < wild ? word() : 512n * BigInt(1 + below(8)), true);
    }
  };
  const bulkstat = (raw: DataView): void => {
    const from = raw.getBigUint64(0, true);
    const capacity = raw.getUint32(12, true);
    // an end, or there would be inodes for ever
    raw.setUint32(
      16,
      from > 2_000_000n ? 0 : next() < 0.8 ? Math.min(capacity, 1 + below(4)) : records(capacity),
      true,
    );
    for (let at = 64, i = 0n; at + 192 <= raw.byteLength; at += 192, i++) {
      raw.setBigUint64(at, next() < wild ? word() : from + i * pick([0n, 1n, 500_000n]), true);
      raw.setBigUint64(at + 24, BigInt(below(2)), true);
      raw.setBigUint64(at + 48, next() < 0.5 ? 0n : word(), true);
      raw.setUint32(at + 64, below(3), true);
      raw.setUint32(at + 112, below(4), true);
      raw.setUint16(at + 132, pick([0x8000, 0x4000, 0xa000, 0x1000, below(65536)]), true);
    }
  };
  const bmap = (raw: DataView): void => {
    raw.setInt32(28, next() < wild ? below(2 ** 32) | 0 : records(128), true);
    let from = raw.getBigUint64(0, true);
    for (let at = 48; at + 48 <= raw.byteLength; at += 48) {
      raw.setBigUint64(at, next() < wild ? word() : from, true);
      raw.setBigInt64(at + 8, next() < 0.2 ? -1n : BigInt.asIntN(64, word()), true);
      raw.setBigUint64(at + 16, next() < wild ? word() : 8n, true);
      raw.setInt32(at + 36, flags([1, 2, 4, 8]), true);
      from += 8n;
    }
  };
  const fiemap = (raw: DataView): void => {
    const capacity = raw.getUint32(24, true);
    raw.setUint32(20, records(capacity), true);
    let logical = raw.getBigUint64(0, true);
    for (let at = 32; at + 56 <= raw.byteLength; at += 56) {
      raw.setBigUint64(at, next() < wild ? word() : logical, true);
      raw.setBigUint64(at + 8, word() * 512n, true);
      raw.setBigUint64(at + 16, next() < wild ? word() : 4096n, true);
      raw.setUint32(at + 40, flags([1, 2, 4, 8, 0x200, 0x800, 0x2000]), true);
      logical += 4096n;
    }
  };
  return {
    ...memoryIo(Buffer.alloc(0)),
    openPath: () => opened(3),
    openBeneath: () => opened(4),
    openHandle: () => opened(5),
    addressOf: () => 0n,
    status() {
      count();
      const mode = pick([0x81a4, 0x41ed, 0xa1ff]);
      return {
        devNumber: pick(['259:0', '0:1']),
        deviceNumber: '0:0',
        inode: String(below(600)),
        mode,
        linkCount: below(4),
        size: below(9000),
      };
    },
    pathOf() {
      count();
      return Buffer.from(pick(['/pg', '/pg/a', '/', '/other', '/pg/a (deleted)']));
    },
    readDirectory(_fd, into) {
      count();
      entries++;
      // every directory ends, and so does the tree
      if (entries % 3 === 0 || entries > 3000) return 0;
      const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
      let at = 0;
      for (let i = below(6); i > 0; i--) {
        view.setBigUint64(at, word(), true);
        view.setUint16(at + 16, next() < wild ? below(65536) : 32, true);
        view.setUint8(at + 18, pick([0, 4, 8, 10, below(256)]));
        for (let b = 19; b < 32; b++) view.setUint8(at + b, b > 24 ? 0 : pick([0, 0x2e, 0x61, below(256)]));
        at += 32;
      }
      return next() < wild ? below(into.length) : at;
    },
    ioctl(_fd, request, buffer) {
      count();
      const raw = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      if (request === XFS_IOC_FSGEOMETRY) geometry(raw);
      else if (request === FS_IOC_GETFSMAP) fsmap(raw);
      else if (request === XFS_IOC_BULKSTAT) bulkstat(raw);
      else if (request === XFS_IOC_GETBMAPX) bmap(raw);
      else if (request === FS_IOC_FIEMAP) fiemap(raw);
      // the others answer in a buffer of their own: what is in the request is noise too
      else for (let at = 0; at < Math.min(buffer.length, 24); at++) buffer[at] = next() < 0.5 ? 0 : below(256);
      return 0;
    },
  };
}

const device: BlockDevice = {
  name: 'pmem0',
  devNumber: '259:0',
  size: sectorCount(8192),
  logicalBlockBytes: bytes(512),
  kind: 'disk',
  holders: [],
  slaves: [],
  hasBadblocks: true,
  dax: false,
};
const mount: Mount = {
  id: 2,
  parentId: 1,
  devNumber: '259:0',
  root: pathFromText('/'),
  mountpoint: pathFromText('/pg'),
  fsType: 'xfs',
  source: pathFromText('/dev/pmem0'),
  options: [],
  superOptions: [],
};

const asked = fc.array(fc.tuple(fc.nat(8000), fc.integer({ min: 1, max: 190 })), { minLength: 1, maxLength: 4 });

async function ask(resolver: FilesystemResolver, io: FilesystemIo, wanted: readonly Run[]): Promise<void> {
  const task: FilesystemTask = {
    device,
    wanted,
    mount,
    mounts: [mount],
    walkRoots: [],
    io,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  };
  const owners: Owner[] = [];
  try {
    for await (const some of resolver.resolve(task)) owners.push(...some);
  } catch (error) {
    if (error instanceof AgentError || errnoOf(error) !== undefined) return;
    throw error;
  }
  for (const owner of owners) JSON.stringify(owner);
}

for (const resolver of [xfs, walk]) {
  test(`${resolver.name}: whatever the kernel answers, it ends, with owners or with a coded error`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), asked, async (seed, pairs) => {
        await ask(resolver, noisyKernel(seed), coalesce(pairs.map(([s, n]) => run(s, n))));
      }),
      { numRuns: CASES },
    );
  });
}

test('whatever the kernel answers, every sector asked for comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), asked, async (seed, pairs) => {
      const runs = coalesce(pairs.map(([s, n]) => run(s, n)));
      const job = { device: 'pmem0', runs, deadlineMs: 60_000, walkRoots: [] };
      const facts = { blockDevices: [device], mounts: [mount] };
      const answer = await resolveRuns(job, facts, noisyKernel(seed), () => undefined, new AbortController().signal);
      for (const result of answer.results) {
        const covered = coalesce(result.owners);
        assert.deepEqual(covered, [{ start: result.start, count: result.count }]);
      }
    }),
    { numRuns: Math.ceil(CASES / 3) },
  );
});
