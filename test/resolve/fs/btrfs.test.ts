import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOf, run } from '../../../src/model/extent.ts';
import type { Owner, ResolveAnswer } from '../../../src/model/owner.ts';
import type { FilesystemIo } from '../../../src/ports.ts';
import { BTRFS_IOC_GET_SUBVOL_INFO } from '../../../src/resolve/fs/btrfs/snapshots.ts';
import { BTRFS_IOC_TREE_SEARCH_V2 } from '../../../src/resolve/fs/btrfs/tree-search.ts';
import { resolveRuns } from '../../../src/resolve/resolve.ts';
import { type Recording, readRecording, replay } from './btrfs-recorded.ts';

const recording = readRecording();
const otherMember = {
  ...recording.device,
  name: (recording.device.mountedAs?.[0] ?? '').replace('/dev/', ''),
  devNumber: '7:99',
};
/** what was asked when it was recorded */
const whole = run(0, recording.device.size);

async function ask(
  io: FilesystemIo,
  options: { readonly from?: Recording; readonly signal?: AbortSignal } = {},
): Promise<ResolveAnswer> {
  const { device, mounts } = options.from ?? recording;
  const job = { device: device.name, runs: [whole], deadlineMs: 10_000, walkRoots: [] };
  const facts = { blockDevices: [device, otherMember], mounts };
  return resolveRuns(job, facts, io, () => undefined, options.signal ?? new AbortController().signal);
}
function ownersOf(answer: ResolveAnswer): readonly Owner[] {
  return answer.results[0]?.owners ?? [];
}
function below(owner: Owner): string[] {
  const { mountpoint = '' } = owner;
  return (owner.paths ?? []).map((p) => p.slice(mountpoint.length));
}

test('a recorded RAID1: every sector of its second device has its owner', async () => {
  const answer = await ask(replay(recording));
  assert.equal(answer.complete, true);
  let at = 0;
  for (const o of ownersOf(answer)) {
    assert.ok(o.start <= at, `nothing is said of sector ${at}`);
    at = Math.max(at, endOf(o));
  }
  assert.equal(at, recording.device.size);
  assert.deepEqual(
    ownersOf(answer).filter((o) => o.kind === 'unknown'),
    [],
  );
});

test('a recorded file is told with all of its names, in its subvolume, in a snapshot, and as a clone', async () => {
  const owners = ownersOf(await ask(replay(recording)));
  const plain = owners.filter(
    (o) => o.kind === 'file' && below(o).some((p) => p.endsWith('/plain') || p.endsWith('/clone')),
  );
  const told = plain.map((o) => [o.subvolume, below(o).sort(), o.shared, o.offset, o.length, o.linkCount]);
  told.sort((a, b) => String(a[0]).localeCompare(String(b[0])));
  assert.deepEqual(told, [
    ['256', ['/sub/clone'], true, 0, 40960, 1],
    ['257', ['/sub again/clone'], true, 0, 40960, 1],
    ['258', ['/snap/folder/plain', '/snap/second name'], true, 0, 40960, 2],
    ['5', ['/folder/plain', '/second name'], true, 0, 40960, 2],
  ]);
  assert.ok(plain.every((o) => o.pathsComplete === true));
  assert.equal(new Set(plain.map((o) => `${o.start}+${o.count}`)).size, 1, 'they share the same sectors');
});

/** Answers of the recorded kernel to GET_SUBVOL_INFO of the snapshot say that something in it was changed. */
function changedSnapshot(answer: Buffer): void {
  answer.writeBigUInt64LE(answer.readBigUInt64LE(352) + 1n, 344);
}
/** How often a tree was searched. */
function searchesOf(tree: bigint, spoil: (request: number, answer: Buffer) => void = () => undefined) {
  const counted = { io: recordedIo(), searches: 0 };
  function recordedIo(): FilesystemIo {
    return replay(recording, {
      spoil(request, answer) {
        if (request === BTRFS_IOC_TREE_SEARCH_V2 && answer.readBigUInt64LE(0) === tree) counted.searches++;
        spoil(request, answer);
      },
    });
  }
  return counted;
}

test('what an unchanged snapshot shares with its origin is looked up there; one that was changed is read itself, with the same answer', async () => {
  const shared = searchesOf(257n);
  const answer = await ask(shared.io);
  const own = searchesOf(257n, (request, raw) => {
    if (request === BTRFS_IOC_GET_SUBVOL_INFO) changedSnapshot(raw);
  });
  assert.deepEqual(await ask(own.io), answer);
  assert.ok(own.searches >= shared.searches + 10, `${own.searches} searches and ${shared.searches}`);
});

test('a snapshot that is changed while it is relied on is looked at once more, itself', async () => {
  const answer = await ask(replay(recording));
  let asked = 0;
  const changing = searchesOf(257n, (request, raw) => {
    if (request === BTRFS_IOC_GET_SUBVOL_INFO && raw.readBigUInt64LE(0) === 257n && ++asked > 1) changedSnapshot(raw);
  });
  assert.deepEqual(await ask(changing.io), answer);
  assert.ok(asked === 2 && changing.searches >= 10, `asked ${asked} times, ${changing.searches} searches`);
});

test('a compressed extent is lost as a whole, whichever of its sectors is asked about', async () => {
  const owners = ownersOf(await ask(replay(recording))).filter((o) => o.packed === true && o.subvolume === '5');
  owners.sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
  assert.deepEqual(
    owners.map((o) => [o.offset, o.length]),
    [
      [0, 131072],
      [131072, 69632],
    ],
  );
  const [first] = owners;
  assert.ok(first);
  const job = {
    device: recording.device.name,
    runs: [whole, run(first.start + 1, 1)],
    deadlineMs: 10_000,
    walkRoots: [],
  };
  const facts = { blockDevices: [recording.device], mounts: recording.mounts };
  const answer = await resolveRuns(job, facts, replay(recording), () => undefined, new AbortController().signal);
  const one = answer.results[1]?.owners.find((o) => o.subvolume === '5');
  assert.deepEqual([one?.count, one?.offset, one?.length], [1, 0, 131072]);
});

test('preallocated space is unwritten, tree blocks name their tree, and each has its copy on the other device', async () => {
  const owners = ownersOf(await ask(replay(recording)));
  const reserved = owners.find((o) => o.state === 'unwritten' && o.subvolume === '5');
  assert.deepEqual([reserved === undefined ? [] : below(reserved), reserved?.count], [['/reserved'], 128]);
  const trees = new Set(owners.filter((o) => o.kind === 'metadata').map((o) => o.metadata));
  for (const name of [
    'root tree, leaf',
    'extent tree, leaf',
    'chunk tree, leaf',
    'checksum tree, leaf',
    'superblock',
  ]) {
    assert.ok(trees.has(name), `${name} is not among ${[...trees].join('; ')}`);
  }
  assert.ok([...trees].some((name) => name?.startsWith('tree of subvolume 256 (/sub)')));
  const [other] = recording.device.mountedAs ?? [];
  for (const o of owners.filter((x) => x.kind === 'file')) {
    assert.deepEqual(o.goodCopy, { exists: 'yes', where: `${other} (btrfs RAID1)` });
  }
});

test('without CAP_SYS_ADMIN nothing is told, and why', async () => {
  const io = replay(recording, {
    spoil(request) {
      if (request === 0xc0709411) throw Object.assign(new Error('EPERM: ioctl'), { code: 'EPERM' });
    },
  });
  const answer = await ask(io);
  assert.equal(answer.complete, false);
  assert.deepEqual(
    ownersOf(answer).map((o) => o.kind),
    ['unknown'],
  );
  assert.match(ownersOf(answer)[0]?.reason ?? '', /CAP_SYS_ADMIN/);
});

test('an unreadable tree concerns only what is in it: the rest keeps its owners', async () => {
  let searches = 0;
  const io = replay(recording, {
    spoil(request, answer) {
      // the extent tree is tree 2
      if (request !== 0xc0709411 || answer.readBigUInt64LE(0) !== 2n || ++searches > 1) return;
      throw Object.assign(new Error('EIO: ioctl'), { code: 'EIO' });
    },
  });
  const answer = await ask(io);
  const kinds = new Set(ownersOf(answer).map((o) => o.kind));
  assert.equal(answer.complete, false);
  assert.ok(kinds.has('unknown') && kinds.has('file') && kinds.has('metadata'));
  assert.ok(
    ownersOf(answer)
      .filter((o) => o.kind === 'unknown')
      .every((o) => o.reason?.includes('EIO')),
  );
});

test('a device that is not of the mounted file system is refused, not guessed', async () => {
  const other = { ...recording.device, name: 'sdz' };
  const calls = recording.calls.map((c) => {
    if (!c.call.startsWith('pread')) return c;
    const raw = Buffer.from(c.output, 'base64');
    raw.fill(7, 267, 283);
    return { ...c, output: raw.toString('base64') };
  });
  const answer = await ask(replay({ ...recording, calls }), { from: { ...recording, device: other } });
  assert.match(ownersOf(answer)[0]?.reason ?? '', /sdz is no device of the btrfs/);
});

for (const [bit, name] of [
  [12, 'zoned'],
  [13, 'extent tree v2'],
  [14, 'raid stripe tree'],
  [20, 'feature bits'],
] as const) {
  test(`a layout that is not understood is refused: ${name}`, async () => {
    const io = replay(recording, {
      spoil(request, answer) {
        if (request === 0x80189439) answer.writeUInt32LE(answer.readUInt32LE(16) | (1 << bit), 16);
      },
    });
    const answer = await ask(io);
    assert.deepEqual(
      ownersOf(answer).map((o) => o.kind),
      ['unknown'],
    );
    assert.match(ownersOf(answer)[0]?.reason ?? '', new RegExp(name));
  });
}

test('when the deadline passes, what was found is told and the rest is unknown', async () => {
  const ended = AbortSignal.abort(new Error('enough'));
  const { btrfs } = await import('../../../src/resolve/fs/btrfs.ts');
  const { device, mounts } = recording;
  const [mount] = mounts;
  assert.ok(mount);
  const task = {
    device,
    wanted: [whole],
    mount,
    mounts,
    walkRoots: [],
    io: replay(recording),
    onProgress: () => undefined,
  };
  const stream = btrfs.resolve({ ...task, signal: ended });
  const owners: Owner[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) {
      assert.deepEqual(next.value.complete, false);
      break;
    }
    owners.push(...next.value);
  }
  const covered = owners.reduce((sum, o) => sum + o.count, 0);
  assert.equal(covered, recording.device.size);
  assert.ok(owners.some((o) => o.kind === 'metadata' && o.metadata === 'superblock'));
  assert.ok(owners.some((o) => o.kind === 'unknown' && o.reason?.includes('deadline')));
});
