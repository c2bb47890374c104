import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createOwnerPacker,
  createOwnerUnpacker,
  type PackedOwner,
  type SharedFacts,
} from '../../src/linux/probe/packed-owners.ts';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromBytes } from '../../src/model/path.ts';

/** What the other side of the stream gets, which is JSON, and how many facts were sent. */
function throughTheStream(owners: readonly Owner[]): { readonly arrived: Owner[]; readonly facts: number } {
  const [packer, unpacker] = [createOwnerPacker(), createOwnerUnpacker()];
  let facts = 0;
  const arrived = owners.map((owner) => {
    const packed = packer.pack(owner, (shared) => {
      facts++;
      unpacker.learn(JSON.parse(JSON.stringify(shared)) as SharedFacts);
    });
    return unpacker.unpack(JSON.parse(JSON.stringify(packed)) as PackedOwner);
  });
  return { arrived, facts };
}
function named(raw: Uint8Array): Pick<Owner, 'paths' | 'pathsBase64'> {
  const { text, base64 } = pathFromBytes(raw);
  return { paths: [text], pathsBase64: [base64] };
}

test('owners that differ in place, inode and name only share the rest', () => {
  const owners = Array.from({ length: 100 }, (_, i): Owner => {
    const file = { kind: 'file', device: 'pmem0', ...run(i * 8, 1), inode: String(12 + i), state: 'data' } as const;
    const readersGet = { read: 'EIO', mapped: 'SIGBUS', from: null, why: null } as const;
    return { ...file, offset: 0, length: 512, readersGet, openBy: [], ...named(Buffer.from(`/pg/${i}`)) };
  });
  const { arrived, facts } = throughTheStream(owners);
  assert.deepEqual(arrived, owners);
  assert.equal(facts, 1);
});

test('owners arrive as they were sent, whatever fields they have and whatever bytes their names', () => {
  const small = { maxLength: 3 };
  const owner = fc.record(
    {
      kind: fc.constantFrom('file', 'directory', 'metadata', 'unknown'),
      device: fc.constantFrom('pmem0', 'dm-1'),
      start: fc.nat(),
      count: fc.nat(3),
      layers: fc.array(fc.record({ device: fc.string(), kind: fc.string(), start: fc.nat(), count: fc.nat() }), small),
      fsType: fc.constantFrom('ext4', 'xfs'),
      mountNamespace: fc.record({ pid: fc.nat(3) }),
      inode: fc.string(),
      subvolume: fc.string(),
      offset: fc.nat(),
      length: fc.nat(3),
      state: fc.constantFrom('data', 'unwritten'),
      dax: fc.boolean(),
      pathsComplete: fc.boolean(),
      linkCount: fc.nat(3),
      otherPaths: fc.array(
        fc.record({ path: fc.string(), pathBase64: fc.string(), mountNamespace: fc.constant(null) }),
        small,
      ),
      openBy: fc.array(fc.record({ pid: fc.nat(3), command: fc.string() }), small),
      goodCopy: fc.record({ exists: fc.constantFrom('yes', 'no'), where: fc.option(fc.constantFrom('a', 'b')) }),
      reason: fc.constantFrom('one', 'other'),
      formerPath: fc.string(),
      name: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    },
    { requiredKeys: ['kind', 'device', 'start', 'count'] },
  );
  fc.assert(
    fc.property(fc.array(owner, { maxLength: 30 }), (some) => {
      const made = some.map(({ name, ...rest }) => ({ ...rest, ...(name && named(name)) }));
      const owners = JSON.parse(JSON.stringify(made)) as Owner[];
      assert.deepEqual(throughTheStream(owners).arrived, owners);
    }),
    { numRuns: 500 },
  );
});

test('an owner with facts that were never told is refused', () => {
  assert.throws(() => createOwnerUnpacker().unpack([0, run(8, 1)]), /facts 0 of owners were not told/);
});
