import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AgentError, errnoOf } from '../../../src/model/errors.ts';
import { endOf, run } from '../../../src/model/extent.ts';
import { createFilePlacer } from '../../../src/resolve/fs/btrfs/file-places.ts';
import { btrfs } from '../../../src/resolve/fs/btrfs.ts';
import { readRecording, replay } from './btrfs-recorded.ts';

const cases = Number(process.env['PMEMWATCH_FUZZ_CASES'] ?? 1000);
const recording = readRecording();
const { device, mounts } = recording;
const whole = run(0, device.size);
/** far more than a file system of this size takes */
const MOST_CALLS = 20_000;
const MOST_OWNERS = 200_000;
const errnos = ['EIO', 'ENOENT', 'EPERM', 'ENOTTY', 'EOVERFLOW', 'ENOMEM', 'ESTALE'];

/** What becomes of one answer: which one, and how. */
interface Damage {
  readonly call: number;
  readonly kind: 'bytes' | 'count' | 'errno' | 'noise' | 'huge';
  readonly at: number;
  readonly value: number;
}
const damage: fc.Arbitrary<Damage> = fc.record({
  call: fc.nat(60),
  kind: fc.constantFrom('bytes', 'bytes', 'bytes', 'count', 'errno', 'noise', 'huge'),
  at: fc.nat(3000),
  value: fc.integer({ min: 0, max: 0xffffffff }),
});

function spoiledKernel(damages: readonly Damage[]) {
  let call = 0;
  const io = replay(recording, {
    spoil(_request, answer) {
      if (++call > MOST_CALLS) throw new Error('it never ends');
      for (const d of damages) if (d.call === call % 61) spoil(d, answer);
    },
    otherwise(_request, buffer) {
      if (++call > MOST_CALLS) throw new Error('it never ends');
      // whatever else is asked is answered with noise, or with nothing
      const d = damages[call % damages.length];
      if (d === undefined || d.value % 2 === 0) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      spoil({ ...d, kind: 'noise' }, Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength));
      return 0;
    },
  });
  return io;
}
function spoil({ kind, at, value }: Damage, answer: Buffer): void {
  const place = at % Math.max(1, answer.length - 8);
  if (kind === 'bytes') answer.writeUInt32LE(value, place);
  else if (kind === 'huge') answer.fill(0xff, place, place + 8);
  else if (kind === 'count') answer.writeUInt32LE(value % 5000, Math.min(64, answer.length - 4));
  else if (kind === 'errno') {
    const code = errnos[value % errnos.length] as string;
    throw Object.assign(new Error(`${code}: spoiled`), { code });
  } else
    for (let i = 0; i < answer.length - 4 && i < 4096; i += 4) answer.writeUInt32LE(Math.imul(value, i + 1) >>> 0, i);
}
function assertCoded(error: unknown): void {
  if (error instanceof AgentError || errnoOf(error) !== undefined) return;
  throw error;
}

test('whatever the kernel answers, a question about a btrfs ends with owners or with a coded error', async () => {
  const [mount] = mounts;
  assert.ok(mount);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 6 }), async (damages) => {
      const io = spoiledKernel(damages);
      const signal = new AbortController().signal;
      const task = { device, wanted: [whole], mount, mounts, walkRoots: [], io, onProgress: () => undefined, signal };
      let owners = 0;
      try {
        for await (const some of btrfs.resolve(task)) {
          for (const owner of some) assert.ok(owner.start >= 0 && endOf(owner) <= device.size, JSON.stringify(owner));
          owners += some.length;
          assert.ok(owners < MOST_OWNERS, 'owners without end');
        }
      } catch (error) {
        assertCoded(error);
      }
    }),
    { numRuns: cases },
  );
});

test('whatever the kernel answers, where a file lies on a btrfs is told or said to be unknown', () => {
  const extents = [
    { logical: 0, physical: 315_621_376, length: 40_960, flags: 0 },
    { logical: 40_960, physical: 315_662_336, length: 131_072, flags: 8 },
  ];
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), (damages) => {
      const io = {
        ...spoiledKernel(damages),
        status: () => ({ devNumber: '0:1', deviceNumber: '0:0', inode: '258', mode: 0o100644, linkCount: 1, size: 9 }),
      };
      const placer = createFilePlacer({ io, blockDevices: [device], worthOf: () => 'good' });
      const found = placer.place(3, extents);
      if (found === undefined) return;
      for (const place of found.places) assert.ok(Number.isSafeInteger(place.byte) && place.byte >= 0);
    }),
    { numRuns: cases },
  );
});
