import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { runCommand } from './run-command.ts';

/** A real HTTP server on a unix socket; each test says what it answers to which path. */
let folder = '';
let socket = '';
let server: Server;
let answers: Record<string, { status?: number; body: unknown }> = {};
let asked: string[] = [];
let bodies: unknown[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pmemwatch-cli-'));
  socket = join(folder, 'api.sock');
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      if (request.method === 'POST') bodies.push(JSON.parse(text));
    });
    const answer = answers[request.url ?? ''] ?? { status: 404, body: { detail: 'no such route' } };
    const { body } = answer;
    response.writeHead(answer.status ?? 200).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(socket, done));
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});
function run(words: string[], given: typeof answers) {
  answers = given;
  asked = [];
  bodies = [];
  return runCommand([...words, '--socket', socket]);
}

const incident = {
  id: '0123456789abcdef',
  condition: 'media_error',
  severity: 'critical',
  status: 'open',
  openedAt: '2026-11-23T14:02:07.123Z',
  resolution: null,
  detail: '',
  device: { name: 'pmem0', ndNamespace: 'namespace0.0', ndRegion: 'region0' },
  totals: { ranges: 2, bytes: 8192, files: 1 },
  acknowledgement: null,
};
const page = (items: unknown[], next: string | null = null, complete = true) => ({
  body: { items, next, complete, readAt: '2026-11-23T14:02:08Z' },
});

const WHOLE = '/api/v1/incidents/0123456789abcdef';
const owner = { kind: 'file', device: '/dev/pmem0', start: 16, count: 8, fsType: 'ext4', mountpoint: '/pg' };
const range = {
  on: 'device',
  start: 16,
  count: 8,
  firstSeen: '2026-11-23T14:00:07.000Z',
  unconfirmed: null,
  owners: [{ ...owner, paths: ['/pg/a\u001b[2Jb\u202ec'], pathsComplete: true, offset: 8192, length: 4096 }],
};

test('incidents are the open ones; what nobody has taken on comes first, the worst first, with the file that it hit', async () => {
  const lower = {
    ...incident,
    id: 'b'.repeat(16),
    severity: 'info',
    totals: { ranges: 0, bytes: 0, files: 0 },
    detail: 'low',
  };
  const ran = { author: 'ada', reason: '', at: '2026-11-23T10:00:00Z', expiresAt: '2026-11-23T14:00:00Z' };
  const given = [
    { ...lower, openedAt: '2026-11-23T14:02:06Z' },
    { ...incident, id: 'a'.repeat(16), acknowledgement: { ...ran, expiresAt: null } },
    { ...incident, ranges: [range], openedAt: '2026-11-23T13:02:07Z', acknowledgement: ran },
  ];
  const { code, stdout } = await run(['incidents'], { '/api/v1/incidents?status=open': page(given) });
  assert.equal(code, 0);
  const [counts, head, ...rows] = stdout.trimEnd().split('\n');
  assert.equal(counts, '1 critical, 1 info, 1 acknowledged');
  assert.match(head ?? '', /^ID +SEVERITY +STATUS +CONDITION +WHERE +SINCE +WHAT$/);
  assert.equal(
    rows[0],
    '0123456789ab  critical  open          media_error  pmem0  1 h ago  8 KiB in 2 bad ranges: /pg/a\\x1b[2Jb\\u202ec',
  );
  assert.match(rows[1] ?? '', /^bbbbbbbbbbbb +info +open +media_error +pmem0 +1 s ago +low$/);
  assert.match(rows[2] ?? '', /^aaaaaaaaaaaa +critical +acknowledged .* 8 KiB in 2 bad ranges, 1 damaged file$/);
});

test('no line is wider than the terminal, also with characters of two columns, and colours come on a terminal alone', async () => {
  const given = {
    '/api/v1/incidents?status=open': page([{ ...incident, detail: '数据'.repeat(60), totals: { ranges: 0 } }]),
  };
  answers = given;
  const { stdout } = await runCommand(['incidents', '--socket', socket], {
    columns: 80,
    color: true,
    isTerminal: true,
  });
  const lines = stripVTControlCharacters(stdout).trimEnd().split('\n');
  const wide = lines.find((line) => line.includes('数')) ?? '';
  assert.match(wide, /数据.*…$/);
  const columns = [...wide].reduce((sum, c) => sum + (/[\u3000-\u9fff]/.test(c) ? 2 : 1), 0);
  assert.ok(columns <= 80 && columns >= 78, `${columns} columns`);
  assert.ok(stdout.includes('\u001b[31m'));
  assert.ok(!(await run(['incidents'], given)).stdout.includes('\u001b'));
});

test('one incident is shown whole: where, since when, each range with its owners, and what to do next', async () => {
  const dimms = [{ name: 'nmem0', serial: '0x2a50', locator: 'C1-D2', partNumber: null }];
  const whole = {
    ...{ ...incident, ranges: [range], complete: false, foundBy: 'mce', nextSteps: ['Rewrite it: `dd …`.', 'Wait.'] },
    device: { ...incident.device, bus: 'ndbus0', uid: 'f00', dimms },
    acknowledgement: {
      author: 'ada',
      reason: 'restoring',
      at: '2026-11-23T14:02:00Z',
      expiresAt: '2026-11-23T16:02:07Z',
    },
  };
  const given = { '/api/v1/incidents': page([incident]), [WHOLE]: { body: whole } };
  const { code, stdout } = await run(['incidents', '0123'], given);
  assert.equal(code, 2, 'not everything about it is known');
  for (const line of [
    /^critical media_error, acknowledged {2}0123456789abcdef$/m,
    /^where +pmem0, namespace0\.0, region0, ndbus0, uid f00$/m,
    /^DIMM +slot C1-D2 \(nmem0\), serial 0x2a50$/m,
    /^since +2026-11-23 14:02:07Z, now; found by mce$/m,
    /^taken by +ada, 7 s ago, for 2 h more: restoring$/m,
    /^ +not everything about it is known$/m,
    /^pmem0 16\+8 {2}4 KiB {2}since 2 min ago$/m,
    /^ {2}file \/pg\/a\\x1b\[2Jb\\u202ec bytes 8192–12287 {2}ext4 on \/pg$/m,
    /^1\. Rewrite it: `dd …`\.\n2\. Wait\.$/m,
  ]) {
    assert.match(stdout, line);
  }
  const json = await run(['incidents', '0123', '--json'], given);
  assert.deepEqual([json.code, JSON.parse(json.stdout)], [2, whole]);
  const known = await run(['incidents', '0'], { ...given, [WHOLE]: { body: { ...whole, complete: true } } });
  assert.equal(known.code, 0);
});

test('an incident is acknowledged and closed by the id that the table shows', async () => {
  const given = {
    '/api/v1/incidents': page([incident, { ...incident, id: 'ff00000000000000' }]),
    '/api/v1/incidents/0123456789abcdef/acknowledge': { body: incident },
    '/api/v1/incidents/0123456789abcdef/close': {
      status: 409,
      body: { detail: 'Refused: the bad-block list of pmem0 still shows the range.' },
    },
  };
  const taken = await run(
    ['ack', '0123456789ab', '--reason', 'restore runs', '--author', 'ada', '--expires', '4h'],
    given,
  );
  assert.deepEqual([taken.code, taken.stdout], [0, 'acknowledged: 0123456789ab media_error of pmem0\n']);
  assert.deepEqual(bodies, [{ author: 'ada', reason: 'restore runs', expiresAt: '2026-11-23T18:02:07.000Z' }]);
  const refused = await run(['close', '012345'], given);
  assert.deepEqual(
    [refused.code, refused.stderr],
    [2, 'pmemwatch close: the agent answered 409: Refused: the bad-block list of pmem0 still shows the range.\n'],
  );
  assert.equal((bodies[0] as { author: string }).author, userInfo().username);
});

test('an id that is none, or of several incidents, is asked for again', async () => {
  const given = { '/api/v1/incidents': page([incident, { ...incident, id: '012345ff' }]) };
  assert.match((await run(['ack', '777777'], given)).stderr, /no incident has the id 777777/);
  assert.match((await run(['ack', '012345'], given)).stderr, /2 incidents begin with 012345/);
  assert.match((await run(['incidents', '01'], given)).stderr, /2 incidents begin with 01/);
  assert.match((await run(['ack'], given)).stderr, /takes one ID/);
  assert.match((await run(['ack', '0123', '--expires', 'soon'], given)).stderr, /--expires soon is not a duration/);
});

test('nothing is acknowledged or closed by less than six characters of its id, be it the only one', async () => {
  const body = incident;
  const given = {
    '/api/v1/incidents': page([incident]),
    [WHOLE]: { body },
    [`${WHOLE}/acknowledge`]: { body },
    [`${WHOLE}/close`]: { body },
  };
  for (const word of ['ack', 'close']) {
    for (const [id, matching] of [
      ['0', '1 incident begins'],
      ['01234', '1 incident begins'],
      ['1', '0 incidents begin'],
      ['', '1 incident begins'],
    ] as const) {
      const { code, stdout, stderr } = await run([word, id], given);
      assert.deepEqual([code, stdout, bodies], [2, '', []]);
      const line = `pmemwatch ${word}: ${id} is too short, ${matching} with it: give at least 6 characters of the id`;
      assert.ok(stderr.startsWith(line), stderr);
    }
    assert.equal((await run([word, '012345'], given)).code, 0);
    assert.equal(bodies.length, 1);
  }
  assert.equal((await run(['incidents', '0'], given)).code, 0);
});

test('all pages are asked for', async () => {
  const { stdout } = await run(['incidents', '--all', '--json'], {
    '/api/v1/incidents': page([{ id: 1 }], 'a b'),
    '/api/v1/incidents?after=a%20b': page([{ id: 2 }], null, false),
  });
  assert.deepEqual(JSON.parse(stdout), {
    items: [{ id: 1 }, { id: 2 }],
    next: null,
    complete: false,
    readAt: '2026-11-23T14:02:08Z',
  });
});

test('an empty table says what it does not see', async () => {
  const whole = await run(['incidents'], { '/api/v1/incidents?status=open': page([]) });
  assert.deepEqual([whole.code, whole.stdout], [0, 'no open incidents\n']);
  const partial = await run(['incidents'], { '/api/v1/incidents?status=open': page([], null, false) });
  assert.match(partial.stdout, /not everything is seen: pmemwatch list says what is not/);
});

test('an answer from which something may be missing ends with 2, empty or not, as text and as JSON', async () => {
  const event = { id: 9, time: '2026-11-23T14:02:07Z', type: 'agent.started', incident: null, device: null, data: {} };
  const lists: [string, unknown, string[]][] = [
    ['/api/v1/incidents?status=open', incident, ['incidents']],
    ['/api/v1/incidents', incident, ['incidents', '--all']],
    ['/api/v1/deliveries?limit=50', delivery, ['deliveries']],
    ['/api/v1/events?limit=1000&after=7', event, ['events', '--after', '7']],
  ];
  for (const [path, item, words] of lists) {
    for (const items of [[], [item]]) {
      for (const asJson of [[], ['--json']]) {
        for (const complete of [true, false]) {
          const { code, stdout, stderr } = await run([...words, ...asJson], { [path]: page(items, null, complete) });
          assert.equal(code, complete ? 0 : 2, `${words} ${asJson} ${items.length} ${complete}`);
          if (asJson.length === 0) continue;
          assert.equal(JSON.parse(stdout).complete, complete);
          const why = new RegExp(`^pmemwatch ${words[0]}: not (everything|all)[^\n]+\n$`);
          assert.match(stderr, complete ? /^$/ : why);
        }
      }
    }
  }
});

test('events that are older than the retention are told as missing', async () => {
  const { stderr } = await run(['events', '--after', '7'], {
    '/api/v1/events?limit=1000&after=7': page([], null, false),
  });
  assert.equal(stderr, 'pmemwatch events: not all of it: what came right after 7 is not kept any more\n');
});

test('events are the newest, oldest first', async () => {
  const event = (id: number) => ({
    id,
    time: '2026-11-23T14:02:07Z',
    type: 'range.found',
    incident: null,
    device: 'pmem0',
    data: {
      runs: [
        { device: 'pmem0', start: 16, count: 8 },
        { device: '', start: 0, count: id },
      ],
      foundBy: 'mce',
    },
  });
  const { stdout } = await run(['events', '--limit', '2', '--after', '7'], {
    '/api/v1/events?limit=1000&after=7': page([event(8), event(9)], '9'),
    '/api/v1/events?limit=1000&after=9': page([event(10)]),
  });
  assert.equal(
    stdout,
    '9       2026-11-23T14:02:07Z  range.found         pmem0      -             pmem0 16+8 (outside any device) 0+9, foundBy: mce\n' +
      '10      2026-11-23T14:02:07Z  range.found         pmem0      -             pmem0 16+8 (outside any device) 0+10, foundBy: mce\n',
  );
});

test('what the agent refuses is told in its words', async () => {
  const { code, stderr } = await run(['incidents'], {
    '/api/v1/incidents?status=open': { status: 503, body: { detail: 'The history cannot be read now.' } },
  });
  assert.equal(code, 2);
  assert.match(stderr, /^pmemwatch incidents: the agent answered 503: The history cannot be read now\.\n$/);
});

test('an answer that is no list is not shown as an empty one', async () => {
  for (const body of ['<html>', '{}', '[]']) {
    const { code, stderr } = await run(['incidents'], { '/api/v1/incidents?status=open': { body } });
    assert.equal(code, 2);
    assert.match(stderr, /answered .*incidents.* with something else than a pmemwatch agent does/);
  }
});

const scrub = {
  id: 'scrub-1',
  bus: 'ndbus0',
  status: 'requested',
  type: 'long',
  durationSeconds: null,
  foundRanges: 0,
  foundBytes: 0,
  reason: null,
};
const SCRUBS = '/api/v1/scrubs';
const taken = (items: unknown[], refused: unknown[] = []) => ({ status: 202, body: { items, refused } });

test('rescan asks for every bus, says who asks, and returns at once', async () => {
  const { code, stdout } = await run(['rescan', '--reason', 'new module'], { [SCRUBS]: taken([scrub]) });
  assert.equal(code, 0);
  assert.match(stdout, /^ndbus0: scrub scrub-1 was asked for/);
  assert.deepEqual(asked, [SCRUBS]);
  assert.deepEqual(bodies, [{ author: userInfo().username, reason: 'new module' }]);
});

test('rescan --wait ends with the scrub, and says how long it took and what it found', async () => {
  const ended = { ...scrub, status: 'completed', durationSeconds: 125, foundRanges: 2, foundBytes: 8192 };
  const { code, stdout } = await run(['rescan', 'ndbus0', '--wait'], {
    [SCRUBS]: taken([scrub]),
    [`${SCRUBS}/scrub-1`]: { body: ended },
  });
  assert.equal(code, 0);
  assert.equal(stdout, 'ndbus0: searched in 2 min 5 s, 2 new bad ranges, 8 KiB\n');
  assert.deepEqual(asked, [SCRUBS, `${SCRUBS}/scrub-1`]);
});

test('rescan --wait of a scrub that may not have searched everything ends with 2, and says so', async () => {
  const ended = { ...scrub, status: 'completed', type: 'unknown', durationSeconds: 2, reason: 'it was not seen' };
  const { code, stdout } = await run(['rescan', '--wait'], {
    [SCRUBS]: taken([scrub]),
    [`${SCRUBS}/scrub-1`]: { body: ended },
  });
  assert.deepEqual(
    [code, stdout],
    [2, 'ndbus0: searched in 2 s, no new bad range (maybe not in full: it was not seen)\n'],
  );
});

test('rescan --wait of a scrub that fails ends with 2 and the reason', async () => {
  const failed = { ...scrub, status: 'failed', reason: 'no permission' };
  const { code, stdout } = await run(['rescan', '--wait'], {
    [SCRUBS]: taken([scrub]),
    [`${SCRUBS}/scrub-1`]: { body: failed },
  });
  assert.deepEqual([code, stdout], [2, 'ndbus0: failed: no permission\n']);
});

test('rescan of a bus that is refused ends with 2 and the words of the agent; of several the others go on', async () => {
  const refusal = { status: 409, body: { detail: 'No scrub was started: one is under way.' } };
  const one = await run(['rescan', 'ndbus0'], { [SCRUBS]: refusal });
  assert.equal(one.code, 2);
  assert.match(one.stderr, /one is under way/);
  const both = await run(['rescan', 'ndbus0', 'ndbus1', '--json'], { [SCRUBS]: refusal });
  assert.equal(both.code, 2);
  assert.deepEqual(JSON.parse(both.stdout).items, []);
  assert.equal(JSON.parse(both.stdout).refused.length, 2);
});

test('rescan names the buses that cannot, which is no failure unless they were asked for', async () => {
  const answer = taken([scrub], [{ bus: 'ndbus1', reason: 'it has no scrub' }]);
  const { code, stdout } = await run(['rescan'], { [SCRUBS]: answer });
  assert.equal(code, 0);
  assert.match(stdout, /ndbus1: not started: it has no scrub/);
});

const delivery = {
  id: '42',
  receiver: 'oncall',
  message: 'f'.repeat(64),
  type: 'pmem.incident.opened',
  incident: '0123456789abcdef',
  condition: 'media_error',
  status: 'rejected',
  attempts: 1,
  createdAt: '2026-11-23T14:02:07.123Z',
  reason: 'HTTP 400: no \u001b[31m here',
};

test('deliveries shows what was told to whom, with filters, and what a receiver says cannot rewrite the terminal', async () => {
  const path = '/api/v1/deliveries?limit=50&receiver=oncall&status=dead';
  const shown = await run(['deliveries', '--receiver', 'oncall', '--status', 'dead'], { [path]: page([delivery]) });
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /^42 +2026-11-23T14:02:07Z +oncall +rejected +opened +media_error +0123456789ab +1 /m);
  assert.match(shown.stdout, /HTTP 400: no \\x1b\[31m here$/m);
  const all = await run(['deliveries', '--limit', '0', '--json'], {
    '/api/v1/deliveries?limit=1000': page([delivery], '42'),
    '/api/v1/deliveries?limit=1000&after=42': page([{ ...delivery, id: '41' }], null, false),
  });
  const { items, complete } = JSON.parse(all.stdout) as { items: { id: string }[]; complete: boolean };
  assert.deepEqual([items.map(({ id }) => id), complete], [['42', '41'], false]);
  assert.equal((await run(['deliveries', '--status', 'lost'], {})).code, 2);
});

test('replay sends deliveries again by id, or all dead letters of a receiver in portions', async () => {
  const one = await run(['replay', '42', '--author', 'ada'], {
    '/api/v1/deliveries/42/replay': { status: 202, body: { replayed: 1 } },
  });
  assert.deepEqual([one.code, one.stdout, bodies], [0, '1 delivery waits to be sent again\n', [{ author: 'ada' }]]);
  const all = await run(['replay', '--receiver', 'on call'], {
    '/api/v1/receivers/on%20call/replay': { status: 202, body: { replayed: 0 } },
  });
  assert.deepEqual([all.code, all.stdout], [0, '0 deliveries wait to be sent again\n']);
  assert.equal((await run(['replay'], {})).code, 2);
  assert.equal((await run(['replay', 'last'], {})).code, 2);
});

test('receivers test says what came of it, and exits with 2 when the receiver did not take it', async () => {
  const path = '/api/v1/receivers/oncall/test';
  const result = { receiver: 'oncall', message: 'm', delivered: true, reason: null, tookSeconds: 0.25 };
  const fine = await run(['receivers', 'test', 'oncall'], { [path]: { body: result } });
  assert.deepEqual([fine.code, fine.stdout], [0, 'oncall took the test message in 0.25 s\n']);
  const refused = { ...result, delivered: false, reason: 'HTTP 403' };
  const bad = await run(['receivers', 'test', 'oncall'], { [path]: { body: refused } });
  assert.deepEqual([bad.code, bad.stdout], [2, 'oncall did not take it: HTTP 403\n']);
  assert.equal((await run(['receivers'], {})).code, 2);
});
