import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Notice } from '../../src/model/incident.ts';
import type { Message } from '../../src/model/message.ts';
import type { OpenBy, Owner } from '../../src/model/owner.ts';
import { type RenderOptions, renderMessage } from '../../src/notify/message.ts';
import { placeText } from '../../src/notify/outline.ts';
import { acknowledge } from '../../src/record/operator.ts';
import { recordReceivers } from '../../src/record/receiver-incidents.ts';
import { recordStoreWritable } from '../../src/record/store-incident.ts';
import { emptyState, found, pass, place } from '../record/timeline.ts';
import { at, owner, story } from './notices.ts';

const options: RenderOptions = {
  durable: true,
  paths: 'full',
  pageUrl: 'https://db07.example:9915',
  runbookUrl: 'https://runbooks.example/pmemwatch',
};
const render = (notice: Notice, changes: Partial<RenderOptions> = {}): Message =>
  renderMessage(notice, { ...options, ...changes });
const where = '(device pmem0, DIMM slot C1-D2, serial 0x2a50)';
const firstSeen = 'First seen 2026-01-01 14:02:07 UTC, found by a machine check.';
const summaryFor = (...owners: readonly Owner[]): string => render(story(owners).owned).summary;

describe('the summary', () => {
  it('names path, bytes, device, slot, serial, process and how many files there are', () => {
    const others = [1, 2].map((n) =>
      owner({ ...run(300_000 + n * 8, 8), inode: `${131 + n}`, paths: [`/pg/other${n}`], openBy: [] }),
    );
    assert.equal(
      summaryFor(owner(), ...others),
      `db07: /pg/base/16402/24711 lost bytes 8192–12287 ${where}. ` +
        'postgres (pid 4711, postgresql@15.service) has the damaged page mapped. ' +
        `${firstSeen} 1 of 3 damaged files.`,
    );
  });

  const rows: readonly (readonly [string, Owner, string])[] = [
    [
      'metadata',
      owner({ kind: 'metadata', metadata: 'inode table', openBy: [] }),
      'metadata of xfs at /pg lost 4096 bytes: inode table',
    ],
    [
      'a directory',
      owner({ kind: 'directory', paths: ['/pg/base'], openBy: [] }),
      'the directory /pg/base lost 4096 bytes',
    ],
    ['a deleted file', deleted(), 'a deleted file that is still open (inode 131 on /pg) lost 4096 bytes'],
    ['free space', bare('free'), '4096 bad bytes in free space of xfs at /pg, no file is damaged'],
    ['unreferenced blocks', bare('unreferenced'), '4096 bytes of xfs at /pg lost: allocated, but no file shows them'],
    [
      'an unknown owner',
      { ...bare('unknown'), reason: 'timed out after 5m' },
      '4096 bytes of pmem0 lost, what they belong to is not known: timed out after 5m',
    ],
    ['a raw device', { ...bare('raw'), metadata: 'swap' }, 'pmem0 lost 4096 bytes: no file system, swap'],
    [
      'the info block',
      { ...bare('hidden'), device: '', ...run(8, 8), metadata: 'info block' },
      'info block of namespace0.0 lost 4096 bytes',
    ],
    [
      'unwritten space',
      owner({ state: 'unwritten', openBy: [] }),
      '/pg/base/16402/24711 has unwritten space on bad sectors at bytes 8192–12287',
    ],
  ];
  for (const [why, one, said] of rows) {
    it(`says what it is for ${why}`, () => {
      assert.ok(summaryFor(one).startsWith(`db07: ${said} ${where}.`), summaryFor(one));
    });
  }

  it('says that the owner is being looked for while it is pending', () => {
    assert.equal(
      render(story([owner()]).opened).summary,
      `db07: 4096 bytes of pmem0 lost, looking for what they belong to ${where}. ${firstSeen}`,
    );
  });

  it('hides no damage behind the file that it names, and says that the search is not complete', () => {
    const nobody = { ...bare('unknown'), ...run(300_000, 16), reason: 'only /demo was searched' };
    const inodes = owner({ ...run(400_000, 8), kind: 'metadata', metadata: 'inode table', openBy: [] });
    assert.equal(
      render(story([owner(), nobody, inodes], place(), at, false).owned).summary,
      `db07: /pg/base/16402/24711 lost bytes 8192–12287 ${where}. ` +
        'postgres (pid 4711, postgresql@15.service) has the damaged page mapped. ' +
        `${firstSeen} 1 damaged file. Also bad: 4096 bytes of metadata (inode table), 8192 bytes of an unknown owner. ` +
        'The search for owners is not complete: only /demo was searched.',
    );
  });

  it('counts the directories, deleted files and kinds of metadata beside the one that it names', () => {
    const more = (kind: Owner['kind'], changes: Partial<Owner>, n: number): Owner =>
      owner({ kind, openBy: [], ...run(300_000 + n * 16, 8), inode: `${n}`, ...changes });
    const many = (kind: Owner['kind'], changes: (n: number) => Partial<Owner>): string =>
      summaryFor(...[1, 2, 3].map((n) => more(kind, changes(n), n)));
    assert.match(
      many('directory', (n) => ({ paths: [`/pg/d${n}`] })),
      /the directory \/pg\/d1 and 2 more directories lost 12288 bytes/,
    );
    assert.match(
      many('deleted', () => ({ paths: [] })),
      /deleted files that are still open \(inode 1 on \/pg and 2 more\) lost 12288 bytes/,
    );
    assert.match(
      many('metadata', (n) => ({ metadata: ['journal', 'bitmap', 'bitmap'][n - 1] ?? '' })),
      /metadata of xfs at \/pg lost 12288 bytes: journal, bitmap/,
    );
  });

  it('of what grew says how much is new, which need not be what it names', () => {
    const { owned } = story([owner()]);
    const grew = render({ ...owned, type: 'grew', newRanges: 2, newBytes: 4608 });
    assert.match(grew.summary, /^db07: more bad sectors \(4608 bytes in 2 new ranges\): /);
    const worse = render({ ...owned, type: 'grew', newRanges: 0, newBytes: 0 });
    assert.match(worse.summary, /^db07: more bad sectors: /);
  });
  it('is one line, whatever the path holds', () => {
    const text = summaryFor(owner({ paths: ['/pg/a\nb\t\u001b[31m\u2028\u202e'] }));
    assert.match(text, /\/pg\/a\\nb\\t\\x1b\[31m\\u2028\\u202e lost/);
    const long = summaryFor(owner({ paths: [`/${'x'.repeat(4000)}`] }));
    assert.ok(long.length < 700);
  });

  it('of what is resolved says why, and what it was', () => {
    assert.equal(
      render(story([owner()]).resolved).summary,
      `db07: resolved: a complete reading lists no bad sectors any more ${where}. It was: /pg/base/16402/24711 lost bytes 8192–12287.`,
    );
  });

  it('of what is resolved counts the files and names the rest', () => {
    const others = [1, 2].map((n) =>
      owner({ ...run(300_000 + n * 8, 8), inode: `${131 + n}`, paths: [`/pg/other${n}`], openBy: [] }),
    );
    const text = render(story([owner(), ...others, { ...bare('free'), ...run(500_000, 8) }]).resolved).summary;
    assert.match(
      text,
      /It was: \/pg\/base\/16402\/24711 lost bytes 8192–12287\. 1 of 3 damaged files\. Also bad: 4096 bytes of free space\.$/,
    );
  });

  it('of a device with several DIMMs names them all instead of guessing one', () => {
    const dimms = ['C1-D1', 'C1-D2'].map((locator, i) => ({ id: `${i}`, name: `nmem${i}`, locator, serial: `0x${i}` }));
    const { owned } = story([owner()], place({ dimms }));
    assert.match(render(owned).summary, /\(device pmem0, interleaved over DIMM slots C1-D1, C1-D2\)/);
  });

  it('calls no kernel name a slot: nobody would find nmem0 on the board', () => {
    const { owned } = story([owner()], place({ dimms: [{ id: '0', name: 'nmem0' }] }));
    const message = render(owned);
    assert.match(message.summary, /\(device pmem0, DIMM nmem0\)/);
    assert.equal(placeText(message), 'device pmem0, namespace0.0, DIMM nmem0');
  });

  it('of a receiver that takes nothing says so, and what to do', () => {
    const status = { receiver: 'pager', pending: 0, delivered: 0, retried: 0, rejected: 1, reachable: true };
    const trouble = { kind: 'rejects', since: at, forMs: 0, reason: 'HTTP 400' } as const;
    const told = recordReceivers(emptyState(), [{ ...status, trouble }], at);
    const over = recordReceivers(told.state, [{ ...status, tookAt: at }], at);
    const [first, last] = [told, over].map(({ notices }) => render(notices[0] as Notice));
    assert.equal(
      first?.summary,
      'db07: the receiver pager does not take messages, so those who are told through it know nothing: it refused a message: HTTP 400.',
    );
    assert.equal(first?.nextSteps.length, 2);
    for (const words of ['deliveries --receiver', 'receivers test', 'replay --receiver']) {
      assert.ok(
        first?.nextSteps.some((step) => step.includes(`\`pmemwatch ${words} pager\``)),
        words,
      );
    }
    assert.equal(last?.summary, 'db07: resolved: the receiver pager takes messages again.');
  });

  it('of an incident without ranges says what happened', () => {
    const [notice] = recordStoreWritable(emptyState(), { writable: false, detail: 'disk full', now: at }).notices;
    const message = render(notice as Notice);
    assert.equal(
      message.summary,
      'db07: the state file cannot be written, alerts go out from memory and may come twice: disk full.',
    );
    assert.deepEqual([message.totals.ranges, message.ranges, message.nextSteps.length], [0, [], 1]);
  });
});

function bare(kind: Owner['kind']): Owner {
  return { kind, device: 'pmem0', ...run(262_144, 8), fsType: 'xfs', mountpoint: '/pg', openBy: [] };
}
function deleted(): Owner {
  return { ...bare('deleted'), inode: '131' };
}

describe('the ranges and files of a message', () => {
  it('are counted in sectors of the device, and of the place below its first sector', () => {
    const { notices } = pass(emptyState(), {
      now: at,
      changes: [{ kind: 'place-appeared', place: place() }, found(run(4090, 12))],
    });
    assert.deepEqual(
      render(notices[0] as Notice).ranges.map((r) => [r.device, r.start, r.count, r.owners.map((o) => o.kind)]),
      [
        ['', 4090, 6, ['pending']],
        ['pmem0', 0, 6, ['pending']],
      ],
    );
  });

  it('merge the byte ranges of a file, and its names and readers', () => {
    const more = owner({ ...run(262_152, 8), offset: 12_288 });
    const far = owner({ ...run(400_000, 8), offset: 1 << 20, paths: ['/pg/hard-link'] });
    const { files, totals } = render(story([owner(), more, far]).owned);
    assert.equal(files.length, 1);
    assert.deepEqual(files[0]?.ranges, [
      { offset: 8192, length: 8192 },
      { offset: 1 << 20, length: 4096 },
    ]);
    assert.equal(files[0]?.openBy.length, 1);
    assert.deepEqual([totals.files, totals.ranges, totals.bytes], [1, 2, 12_288]);
  });

  it('put what is open and mapped first', () => {
    const quiet = owner({ ...run(300_000, 800), inode: '7', paths: ['/pg/big'], length: 409_600, openBy: [] });
    assert.deepEqual(
      render(story([quiet, owner()]).owned).files.map((file) => file.path),
      ['/pg/base/16402/24711', '/pg/big'],
    );
  });

  it('are cut to their limits, with what is left out counted', () => {
    const many = Array.from({ length: 300 }, (_, i) =>
      owner({ ...run(300_000 + i * 16, 8), inode: `${i}`, paths: [`/pg/file${i}`] }),
    );
    const { owned } = story(many);
    const message = render(owned, { limits: { bytes: 1 << 20, ranges: 100, files: 50 } });
    assert.deepEqual([message.ranges.length, message.rangesOmitted], [100, 200]);
    assert.deepEqual([message.files.length, message.filesOmitted], [50, 250]);
    assert.equal(message.totals.files, 300);
    const small = render(owned);
    assert.ok(Buffer.byteLength(JSON.stringify(small)) <= 20_000);
    assert.equal(small.ranges.length + small.rangesOmitted, 300);
    assert.ok(small.ranges.length > 0 && small.files.length >= 10 && small.nextSteps.length > 0);
    assert.equal(small.files[0]?.path, '/pg/file0', 'the worst come first');
  });

  it('name the first byte ranges of a file and count the others', () => {
    const torn = Array.from({ length: 500 }, (_, i) =>
      owner({ ...run(300_000 + i * 16, 8), offset: i * 65_536, paths: ['/pg/torn'] }),
    );
    const message = render(story(torn).owned);
    const [file] = message.files;
    assert.deepEqual([file?.path, file?.ranges.length, file?.rangesOmitted], ['/pg/torn', 16, 484]);
    assert.ok(Buffer.byteLength(JSON.stringify(message)) <= 20_000);
  });

  it('never make a message larger than allowed, not even by one file of endless names', () => {
    const paths = Array.from({ length: 2000 }, (_, i) => `/${'\n'.repeat(4000)}${i}`);
    const message = render(story([owner({ paths, pathsBase64: [] })]).owned);
    assert.ok(Buffer.byteLength(JSON.stringify(message)) <= 20_000);
    assert.equal(message.totals.files, 1);
  });
});

describe('who is affected', () => {
  it('names the container and pod of the first, counts all others, and tells what the kernel does with the file', () => {
    const container = 'ab'.repeat(32);
    const inPod = { ...owner().openBy?.[0], unit: `crio-${container}.scope`, container, pod: '6e5f4a3b' };
    const told = owner({
      openBy: [inPod as OpenBy],
      openByCount: 300,
      kernelUsers: [{ kind: 'swap', name: '/pg/swap' }],
    });
    const message = render(story([told]).owned);
    assert.match(
      message.summary,
      /postgres \(pid 4711, container abababababab, pod 6e5f4a3b\) has the damaged page mapped, and 299 more processes with it\. The kernel swaps to it \(\/pg\/swap\)\./,
    );
    assert.deepEqual([message.files[0]?.openByCount, message.ranges[0]?.owners[0]?.openByCount], [300, 300]);
    assert.deepEqual(message.files[0]?.kernelUsers, [{ kind: 'swap', name: '/pg/swap' }]);
  });

  it('tells the former name of a deleted file', () => {
    const deleted = owner({ kind: 'deleted', formerPath: '/pg/old' });
    const { paths, pathsBase64, ...unnamed } = deleted;
    assert.match(summaryFor(unnamed), /a deleted file that is still open \(was \/pg\/old, inode 131 on \/pg\) lost/);
    for (const policy of ['hash', 'off'] as const) {
      assert.doesNotMatch(JSON.stringify(render(story([unnamed]).owned, { paths: policy })), /old/);
    }
  });

  it('does not name a swap file where names are not to be told', () => {
    const swapped = owner({ kernelUsers: [{ kind: 'swap', name: '/secret/swap' }] });
    for (const policy of ['hash', 'off'] as const) {
      assert.doesNotMatch(JSON.stringify(render(story([swapped]).owned, { paths: policy })), /secret/);
    }
  });
});

describe('redaction', () => {
  it('shows a hash of the whole path, or the inode, and no name anywhere', () => {
    const { owned } = story([owner()]);
    const hashed = render(owned, { paths: 'hash' });
    assert.match(hashed.files[0]?.path ?? '', /^[0-9a-f]{12}$/);
    const off = render(owned, { paths: 'off' });
    assert.equal(off.files[0]?.path, 'inode 131 on /pg');
    for (const message of [hashed, off]) {
      const text = JSON.stringify(message);
      assert.ok(!text.includes('24711'), text);
      assert.ok(!text.includes(owner().pathsBase64?.[0] ?? '?'), text);
    }
  });
});

it('an acknowledgement is told with its author, and times are RFC 3339', () => {
  const { state } = pass(emptyState(), {
    now: at,
    changes: [{ kind: 'place-appeared', place: place() }, found(run(5000, 8))],
  });
  const [id] = state.incidents.keys();
  const decision = acknowledge(state, id ?? '', {
    author: 'ada',
    reason: 'restoring',
    expiresAt: at + 1000,
    via: 'unix socket',
    now: at,
  });
  assert.equal(decision.kind, 'done');
  const message = render((decision as { notices: Notice[] }).notices[0] as Notice);
  assert.equal(message.type, 'pmem.incident.acknowledged');
  assert.match(message.summary, /^db07: acknowledged by ada: /);
  assert.deepEqual(message.acknowledgement, {
    author: 'ada',
    reason: 'restoring',
    at: '2026-01-01T14:02:07.000Z',
    expiresAt: '2026-01-01T14:02:08.000Z',
  });
});

it('the whole message of a damaged file is as published', () => {
  const file = join(import.meta.dirname, '../fixtures/notify/webhook.json');
  const text = `${JSON.stringify(render(story([owner()]).owned), null, 2)}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
});
