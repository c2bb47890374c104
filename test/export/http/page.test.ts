import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import type { OperatorRequest } from '../../../src/model/operator.ts';
import type { PlaceState, State } from '../../../src/model/state.ts';
import { emptyTopology } from '../../../src/model/topology.ts';
import { manyState } from '../../browser/gallery.ts';
import { goodFields, healthOf, unreadableHealth } from '../built-health.ts';
import {
  agentStatus,
  at,
  damagedState,
  fileOwner,
  host,
  incidentOf,
  ownerOf,
  placeOf,
  placeState,
  rangeOf,
  scrubbed,
  stateOf,
  topology,
  viewOf,
} from '../built-state.ts';
import { httpDeps } from './served.ts';

const secret = 'a-long-enough-secret';
const tokens = (['read', 'operate'] as const).map((scope) => ({
  name: scope,
  scope,
  hash: `sha256:${createHash('sha256').update(`${secret}-${scope}`).digest('hex')}`,
}));
const as = (scope: 'read' | 'operate') => ({ authorization: `Bearer ${secret}-${scope}` });
type Deps = Parameters<typeof httpDeps>[0];

async function page(state: State, more: Deps = {}, headers: Record<string, string> = {}, url = '/') {
  const { app } = await createHttpApp(httpDeps({ view: () => viewOf(state), config: { tokens }, ...more }));
  const answer = await app.inject({ url, headers: { host: 'localhost', ...headers } });
  await app.close();
  return answer;
}
async function post(
  url: string,
  fields: Record<string, string>,
  more: Deps = {},
  headers: Record<string, string> = as('operate'),
) {
  const { app } = await createHttpApp(httpDeps({ config: { tokens }, ...more }));
  const answer = await app.inject({
    method: 'POST',
    url,
    headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  });
  await app.close();
  return answer;
}
/** What a person reads, without markup. */
const textOf = (body: string): string =>
  body
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');

test('the page names the host, its devices, damage, incidents and where to look further', async () => {
  const { body, statusCode } = await page(damagedState(), {}, as('operate'));
  assert.equal(statusCode, 200);
  for (const part of ['id="incident-inc-1"', '/runbook#media_error', '/metrics', '/docs', 'do <code>this</code> first'])
    assert.ok(body.includes(part), part);
  for (const part of [
    'db07',
    'pmem0',
    '1 open incident',
    '1 damaged file on 1 device',
    'C1-D2',
    'Critical',
    '4 KiB',
    'bytes 8192–12287',
    'postgres (pid 4711, postgresql@15.service) has the damaged page mapped',
    'a sentence about media_error',
  ])
    assert.ok(textOf(body).includes(part), part);
});

const verdicts: readonly { state: State; says: string; why: string }[] = [
  { state: stateOf([placeState()]), says: 'No damage known', why: 'everything was read and is clean' },
  { state: stateOf([], { topology: emptyTopology }), says: 'no persistent memory', why: 'there is nothing to watch' },
  { state: stateOf([], { inventoried: false }), says: 'Looking for persistent memory', why: 'it has only started' },
  {
    state: { ...damagedState(), inventoried: false },
    says: '1 damaged file on 1 device, as known before this start',
    why: 'it has only started on a host that was damaged before',
  },
  {
    state: stateOf([placeState([], { readable: false })]),
    says: 'not everything can be seen: 1 unreadable list',
    why: 'a list is unreadable',
  },
  {
    state: stateOf([placeState([], { complete: false })]),
    says: 'not everything can be seen: 1 incomplete list',
    why: 'a list is incomplete',
  },
  {
    state: stateOf([placeState()], { stuck: [{ subject: 'pmem0', since: at }] }),
    says: 'not everything can be seen: 1 stuck device',
    why: 'a device is stuck',
  },
  {
    state: stateOf([placeState([], { place: placeOf({ errorSource: 'none' }) })]),
    says: 'not everything can be seen: 1 device that nothing monitors',
    why: 'nothing feeds the list',
  },
  {
    state: stateOf([placeState([rangeOf(4096, 8)])]),
    says: '1 bad range on 1 device, no file is known to be damaged, not every owner is known yet',
    why: 'the owner is being looked for',
  },
  {
    state: stateOf([placeState()], { health: [healthOf({ ...goodFields, state: 'fatal' })] }),
    says: 'DIMM C1-D2 fatal',
    why: 'a module says so',
  },
];
for (const { state, says, why } of verdicts) {
  test(`the verdict says "${says}" when ${why}`, async () => {
    const { body } = await page(state);
    const line = textOf(/<h1[\s\S]*?<\/h1>/.exec(body)?.[0] ?? '');
    assert.ok(line.includes(says), line);
    assert.equal(
      /✔/.test(line),
      ['No damage known', 'no persistent memory'].includes(says),
      'only what is fine looks fine',
    );
  });
}

test('a reading is called full only when every list was read to its end', async () => {
  const told = async (...places: PlaceState[]) => textOf((await page(stateOf(places))).body);
  assert.match(await told(placeState()), /Last full reading [^.]* ago\./);
  const unreadable = placeState([], { readable: false, place: placeOf({ uid: 'other' }) });
  for (const places of [[placeState([rangeOf(4096, 8)], { complete: false })], [placeState(), unreadable]]) {
    const text = await told(...places);
    assert.match(text, /Last reading [^.]* ago, not complete\./);
    assert.ok(!text.includes('full reading'));
  }
});

test('without a token no file name is shown anywhere, the page says so and how to see them', async () => {
  const { body } = await page(damagedState());
  assert.ok(!body.includes('24711'));
  assert.ok(textOf(body).includes('inode 131 on /pg'));
  assert.match(body, /File names are hidden/);
  assert.match(body, /ssh -L 9915:\/run\/pmemwatch\/api\.sock db07/);
  assert.ok((await page(damagedState(), {}, as('read'))).body.includes('/pg/base/16402/24711'));
});

test('reasons name no place of this host to who may not see names', async () => {
  const reason = "limited to /srv/tenant-7/pg; open '/srv/tenant-7/key' failed: EACCES";
  const owner = ownerOf('unknown', 1904, 8, { reason, openBy: [], openByComplete: false, openByReason: reason });
  const state = stateOf(
    [placeState([{ ...rangeOf(6000, 8, [owner]), unconfirmed: reason }], { complete: false, reasons: [reason] })],
    { topology: { ...topology, problems: [{ subject: 'region0', reason }] } },
  );
  const ready = () => ({ ready: false, reason });
  const { body } = await page(state, { ready });
  assert.ok(!body.includes('tenant-7'), textOf(body));
  assert.ok(body.includes('limited to &lt;path&gt;; open &#39;&lt;path&gt;&#39; failed: EACCES'));
  assert.ok((await page(state, { ready }, as('read'))).body.includes('limited to /srv/tenant-7/pg'));
});

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
test('an address that nothing is at is a page for a browser, and a problem for a program or below /api', async () => {
  const shown = await page(damagedState(), {}, { accept: browser }, '/nosuchpage');
  assert.equal(shown.statusCode, 404);
  assert.match(String(shown.headers['content-type']), /^text\/html/);
  assert.match(String(shown.headers['content-security-policy']), /style-src 'sha256-/);
  assert.match(shown.body, /<style>[\s\S]*Nothing is served here[\s\S]*<a href="\/">/);
  for (const [accept, url] of [
    [browser, '/api/v1/nosuch'],
    [browser, '/api'],
    ['*/*', '/nosuchpage'],
    ['application/json, text/html;q=0.5', '/nosuchpage'],
    ['text/html;q=0', '/nosuchpage'],
  ] as const) {
    const { statusCode, headers } = await page(damagedState(), {}, { accept }, url);
    assert.equal(statusCode, 404);
    assert.match(String(headers['content-type']), /^application\/problem\+json/, `${accept} ${url}`);
  }
});

test('what is told of an incident is asked for without names for who may not see them', async () => {
  const asked: boolean[] = [];
  const describe = (_: unknown, named: boolean) => {
    asked.push(named);
    return { summary: '', nextSteps: [] };
  };
  await page(damagedState(), { describe });
  await page(damagedState(), { describe }, as('read'));
  assert.deepEqual(asked, [false, true]);
});

test('only who may change something is offered forms', async () => {
  const state = { ...damagedState(), ...scrubbed() };
  for (const headers of [{}, as('read')]) assert.ok(!(await page(state, {}, headers)).body.includes('<form'));
  const { body } = await page(state, {}, as('operate'));
  for (const action of ['/page/incidents/inc-1/acknowledge', '/page/incidents/inc-1/close', '/page/scrubs'])
    assert.ok(body.includes(`action="${action}"`), action);
});

test('signing in asks a browser for name and token, and leads back with one', async () => {
  const refused = await page(damagedState(), {}, {}, '/sign-in');
  assert.equal(refused.statusCode, 401);
  assert.match(String(refused.headers['www-authenticate']), /^Basic /);
  assert.match(refused.body, /Not signed in/);
  const basic = `Basic ${Buffer.from(`read:${secret}-read`).toString('base64')}`;
  const letIn = await page(damagedState(), {}, { authorization: basic }, '/sign-in');
  assert.deepEqual([letIn.statusCode, letIn.headers['location']], [303, '/']);
});

test('the form acknowledges for as long as it says, by who fills it in', async () => {
  const asked: OperatorRequest[] = [];
  const decide = async (request: OperatorRequest) => {
    asked.push(request);
    return { kind: 'done', incident: incidentOf([]) } as const;
  };
  const fields = { author: 'ada', reason: 'on it', expires: '4h' };
  const answer = await post('/page/incidents/inc-1/acknowledge', fields, { decide });
  assert.deepEqual([answer.statusCode, answer.headers['location']], [303, '/?done=acknowledged#incident-inc-1']);
  const [first] = asked;
  assert.deepEqual(
    { ...first, expiresAt: null },
    { kind: 'acknowledge', incident: 'inc-1', author: 'ada', reason: 'on it', expiresAt: null, via: 'token operate' },
  );
  assert.ok(Math.abs((first?.expiresAt ?? 0) - Date.now() - 4 * 3_600_000) < 10_000);
  await post('/page/incidents/inc-1/acknowledge', { ...fields, expires: 'never' }, { decide });
  assert.equal(asked[1]?.expiresAt, null);
});

test('what is refused is told on the page', async () => {
  const decide = async () => ({ kind: 'refused', reason: 'a reading <lists> it' }) as const;
  const answer = await post('/page/incidents/inc-1/close', { author: 'ada', reason: '' }, { decide });
  assert.equal(answer.statusCode, 409);
  assert.match(String(answer.headers['content-type']), /^text\/html/);
  assert.ok(answer.body.includes('Refused: a reading &lt;lists&gt; it.'));
  const scrub = async () =>
    ({ started: [], refused: [{ bus: 'ndbus0', kind: 'running', reason: 'one runs' }] }) as const;
  const second = await post('/page/scrubs', { bus: 'ndbus0' }, { scrub });
  assert.equal(second.statusCode, 409);
  assert.ok(second.body.includes('No scrub was started: one runs.'));
});

const refusals: readonly { why: string; headers: Record<string, string>; status: number }[] = [
  { why: 'nobody', headers: {}, status: 401 },
  { why: 'who may only read', headers: as('read'), status: 403 },
  {
    why: 'a page from elsewhere',
    headers: { ...as('operate'), 'sec-fetch-site': 'cross-site', origin: 'http://evil.example.com' },
    status: 403,
  },
  {
    why: 'another service of this host',
    headers: { ...as('operate'), host: 'localhost:9915', origin: 'http://localhost:3000' },
    status: 403,
  },
  { why: 'a page without an origin', headers: { ...as('operate'), origin: 'null' }, status: 403 },
];
for (const { why, headers, status } of refusals) {
  test(`nothing is changed for ${why}`, async () => {
    const never = async () => assert.fail('something was done');
    const more = { decide: never, scrub: never };
    for (const [url, fields] of [
      ['/page/incidents/inc-1/acknowledge', { author: 'a', reason: '', expires: '1h' }],
      ['/page/incidents/inc-1/close', { author: 'a', reason: '' }],
      ['/page/scrubs', { bus: 'ndbus0' }],
      ['/page/deliveries/1/replay', {}],
      ['/page/receivers/oncall/replay', {}],
    ] as const) {
      assert.equal((await post(url, fields, more, headers)).statusCode, status, url);
    }
  });
}

test('a form is no way into the API, and JSON none into the forms', async () => {
  assert.equal((await post('/api/v1/scrubs', { bus: 'ndbus0' })).statusCode, 415);
  assert.equal((await post('/page/scrubs', { bus: 'ndbus0', more: 'x' })).statusCode, 400);
});

test('the link of a message about the end of an incident leads to its row', async () => {
  const ended = { status: 'resolved', resolution: 'cleared', resolvedAt: 0 } as const;
  const incidents = Array.from({ length: 60 }, (_, i) =>
    incidentOf([], { ...ended, id: `inc-${i}`, resolvedAt: 1000 * i }),
  );
  const { body } = await page(stateOf([], { incidents: new Map(incidents.map((i) => [i.id, i])) }));
  assert.ok(body.includes('id="incident-inc-59"'));
  assert.ok(body.includes('10 more that ended'));
  assert.ok(!(await page(stateOf([]))).body.includes('Ended'));
});

test('incidents that wait for a person stand before those somebody has taken, the worst first', async () => {
  const taken = { author: 'ada', reason: 'part is ordered', at, expiresAt: null };
  const all = [
    incidentOf([], { id: 'taken', acknowledgement: taken, openedAt: at }),
    incidentOf([], { id: 'warning', severity: 'warning', openedAt: at }),
    incidentOf([], { id: 'critical', openedAt: at - 5000 }),
  ];
  const { body } = await page(stateOf([], { incidents: new Map(all.map((i) => [i.id, i])) }));
  const order = [...body.matchAll(/<article id="incident-(\w+)"/g)].map(([, id]) => id);
  assert.deepEqual(order, ['critical', 'warning', 'taken']);
  assert.match(textOf(body), /2 wait for a person, 1 acknowledged/);
  assert.match(textOf(body), /Acknowledged by ada: part is ordered/);
});

test('a value stands beside its threshold with unit, age and source, and one that crossed it says so in words', async () => {
  const cold = textOf((await page(stateOf([placeState()], { health: [healthOf(goodFields)] }))).body);
  assert.match(cold, /Media temperature 23 °C alarm at 40 °C · \d+ d ago, intel 1 SMART/);
  assert.match(cold, /Spare capacity left 75 % alarm at or below 5 %/);
  assert.ok(!cold.includes('threshold crossed'));
  assert.ok(!cold.includes('Controller temperature'), 'what is not known has no value');
  const hot = { ...goodFields, mediaTemperatureCelsius: 40, sparePercent: 5 };
  const crossed = textOf((await page(stateOf([placeState()], { health: [healthOf(hot)] }))).body);
  assert.equal(crossed.match(/threshold crossed/g)?.length, 2);
});

test('a module that cannot be read, or was not yet, is never told as healthy', async () => {
  const failed = textOf((await page(stateOf([placeState()], { health: [unreadableHealth('EIO')] }))).body);
  assert.match(failed, /Health unreadable: EIO\. It last answered/);
  assert.match(textOf((await page(stateOf([placeState()]))).body), /Not read yet/);
  for (const text of [failed]) assert.ok(!text.includes('Healthy'));
});

test('advice to replace a module is told with what it rests on', async () => {
  const advice = new Map([
    [topology.dimms[0]?.key ?? '', { advice: 'now', summary: 'now: spare 4 % left', inputs: [] } as const],
  ]);
  const text = textOf((await page(stateOf([placeState()], { advice }))).body);
  assert.match(text, /Replace now now: spare 4 % left/);
  assert.match(text, /replace DIMM C1-D2 now/);
});

test('owners that are pending, hidden, unknown or not all found are told as such', async () => {
  const ranges = [
    rangeOf(100, 8, [ownerOf('hidden', 100, 8, { device: '', metadata: 'info block' })]),
    rangeOf(5000, 8),
    rangeOf(6000, 8, [ownerOf('unknown', 1904, 8, { reason: 'the walk took too long' })]),
    {
      ...rangeOf(7000, 8, [fileOwner(2904, 8, '5', '/pg/x')]),
      ownersComplete: false,
      unconfirmed: 'the list was lost at the restart',
    },
  ];
  const text = textOf((await page(stateOf([placeState(ranges)]), {}, as('read'))).body);
  for (const part of [
    'hidden from the file system: info block',
    'the owner is being looked for',
    'the owner is not known: the walk took too long',
    'there may be other owners',
    'not known whether it is still bad: the list was lost at the restart',
    'there may be more than these',
    'outside the device',
  ])
    assert.ok(text.includes(part), part);
});

test('a store that hangs holds up neither the page nor says that there is nothing', async () => {
  const never = () => new Promise<never>(() => undefined);
  const { deliveries } = httpDeps();
  const { body } = await page(damagedState(), {
    deliveries: { ...deliveries, list: never },
    events: never,
    newestEventId: () => 7,
  });
  assert.match(textOf(body), /What was delivered cannot be read now/);
  assert.match(textOf(body), /The history cannot be read now/);
  assert.ok(textOf(body).includes('1 damaged file'));
});

test('what the agent itself suffers from stands on the page', async () => {
  const agent = agentStatus({
    storeWritable: false,
    configReloadOk: false,
    collectors: [{ collector: 'dimm_health', success: false, durationSeconds: 1 }],
  });
  const state = stateOf([placeState()], {
    topology: { ...topology, problems: [{ subject: '/sys/x', reason: 'EACCES' }] },
  });
  const { body } = await page(state, {
    view: () => viewOf(state, {}, agent),
    ready: () => ({ ready: false, reason: 'the state file cannot be written: ENOSPC' }),
  });
  for (const part of [
    'ENOSPC',
    'alerts go out from memory',
    'the one of before is in use',
    'dimm health does not succeed',
    '/sys/x: EACCES',
  ])
    assert.ok(textOf(body).includes(part), part);
});

test('10,000 ranges on 25 devices make a page of bounded size that holds nobody up', async () => {
  const { turns: few } = await turnsOf(damagedState());
  const { body, turns } = await turnsOf(manyState());
  assert.ok(body.length < 600_000, `${body.length} bytes`);
  assert.match(textOf(body), /the 50 worst of 10,000/);
  assert.match(textOf(body), /Showing 8 of 400/);
  assert.match(textOf(body), /Marks stand for several ranges|Marks are drawn wider/);
  assert.ok(turns > few, `others had ${turns} turns while it was made, ${few} with a page of one range`);
});
/** A page that is made for the first time, and how often the event loop came round meanwhile. */
async function turnsOf(state: State): Promise<{ body: string; turns: number }> {
  const view = viewOf(state);
  const { app } = await createHttpApp(httpDeps({ view: () => view, config: { tokens } }));
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const { body } = await app.inject({ url: '/', headers: { host: 'localhost', ...as('operate') } });
  counting = false;
  await app.close();
  return { body, turns };
}

test('the page loads nothing from elsewhere, and nothing in it runs but our own script', async () => {
  const { body, headers } = await page(damagedState(), {}, as('operate'));
  assert.doesNotMatch(
    body,
    /<script(?! type="module" src="\/page\/live\.js"><\/script>)|@import|src="(?!\/page\/live\.js)|href="(?:https?:)?\/\/| on\w+="| style="/,
  );
  const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  const policy = String(headers['content-security-policy']);
  assert.ok(policy.includes(`style-src 'sha256-${digest}'`));
  assert.match(policy, /default-src 'none'.*script-src 'self'.*form-action 'self'.*frame-ancestors 'none'/);
  assert.ok(!policy.includes('unsafe'));
  // with none, a browser calls the origin of our own forms "null"
  assert.equal(headers['referrer-policy'], 'same-origin');
  for (const name of ['live.js', 'morph.js']) {
    const script = await page(damagedState(), {}, {}, `/page/${name}`);
    assert.match(String(script.headers['content-type']), /^text\/javascript/);
    assert.doesNotMatch(script.body, /innerHTML|eval\(/);
  }
});

test('names from outside cannot become markup, turn text around or hide in it', async () => {
  const evil = '<img onerror="x">\u202egnp.\u2066\u200b\u0007\n';
  const ranges = [
    rangeOf(4096 + 16, 8, [
      fileOwner(16, 8, '131', `/pg/${evil}`, {
        mountpoint: evil,
        openBy: [{ pid: 1, command: evil, mapped: false, mapsDamaged: false, unit: evil, container: evil, pod: evil }],
      }),
    ]),
  ];
  const state = stateOf(
    [placeState(ranges, { reasons: [evil], complete: false, place: placeOf({ ndNamespace: evil, device: evil }) })],
    {
      host: { ...host, name: evil, product: evil },
      topology: { ...emptyTopology, problems: [{ subject: evil, reason: evil }] },
      incidents: new Map([
        [
          'i',
          incidentOf(ranges, { detail: evil, acknowledgement: { author: evil, reason: evil, at, expiresAt: null } }),
        ],
      ]),
    },
  );
  const describe = () => ({ summary: evil, nextSteps: [`do \`${evil}\``] });
  const { body } = await page(
    state,
    { describe, ready: () => ({ ready: false, reason: evil }) },
    as('operate'),
    `/?zoom=${encodeURIComponent(evil)}&done=${encodeURIComponent(evil)}`,
  );
  assert.ok(!body.includes('<img'));
  assert.ok(body.includes('&lt;img onerror=&quot;x&quot;&gt;\\u202egnp.\\u2066\\u200b\\x07\\n'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(body, /[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u0000-\u0008]/);
});
