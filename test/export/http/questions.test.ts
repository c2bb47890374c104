/** `POST /api/v1/resolve` and `GET /api/v1/files/check`: what they ask of the probe, what they refuse, what they answer. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { run } from '../../../src/model/extent.ts';
import type { ResolveAnswer } from '../../../src/model/owner.ts';
import { resolveJson } from '../../../src/model/resolve-json.ts';
import type { CheckEnd, CheckJob, ResolveJob } from '../../../src/ports.ts';
import { fileOwner } from '../built-state.ts';
import { httpDeps } from './served.ts';

const token = 'the-token-that-reads';
const tokens = [
  { name: 'dashboard', scope: 'read', hash: `sha256:${createHash('sha256').update(token).digest('hex')}` },
] as const;
const authorization = `Bearer ${token}`;
const answer: ResolveAnswer = {
  device: 'pmem0',
  complete: true,
  results: [{ ...run(16, 8), complete: true, owners: [fileOwner(16, 8, '131', '/pg/base/16402/24711')] }],
};

async function served(more: { files?: readonly unknown[]; end?: CheckEnd; answer?: ResolveAnswer } = {}) {
  const asked: { resolve: ResolveJob[]; check: CheckJob[] } = { resolve: [], check: [] };
  const { app } = await createHttpApp(
    httpDeps({
      config: { tokens },
      probe: {
        async resolve(job) {
          asked.resolve.push(job);
          return more.answer ?? answer;
        },
        async check(job, _onProgress, signal, onFiles) {
          asked.check.push(job);
          await onFiles(more.files ?? []);
          signal.throwIfAborted();
          return more.end ?? { complete: true, looked: 3 };
        },
        walkRoots: () => ['/pg'],
      },
    }),
  );
  async function ask(method: 'GET' | 'POST', url: string, options: { payload?: unknown; bare?: boolean } = {}) {
    const headers = { host: 'localhost', ...(options.bare === true ? {} : { authorization }) };
    const payload = options.payload as object | undefined;
    const got = await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
    return { status: got.statusCode, body: got.json(), headers: got.headers };
  }
  return { asked, ask, close: () => app.close() };
}
const check = (...paths: string[]) =>
  `/api/v1/files/check?${paths.map((p) => `path=${encodeURIComponent(p)}`).join('&')}`;

test('resolve answers the document of the command line, of a device under any of its names', async () => {
  const { ask, asked, close } = await served();
  for (const device of ['pmem0', '/dev/pmem0']) {
    const payload = { device, ranges: [{ start: 16, count: 8 }] };
    const { status, body } = await ask('POST', '/api/v1/resolve', { payload });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body, JSON.parse(JSON.stringify(resolveJson(answer))));
    assert.equal(body.device, '/dev/pmem0');
  }
  assert.deepEqual(asked.resolve[0], {
    device: 'pmem0',
    runs: [run(16, 8)],
    deadlineMs: 60_000,
    walkRoots: ['/pg'],
  });
  await close();
});

test('resolve takes numbers for numbers alone: of nothing else it could say whose sectors it answered for', async () => {
  const { ask, asked, close } = await served();
  for (const range of [
    { start: null, count: true },
    { start: '16', count: 8 },
    { start: 16.5, count: 8 },
  ]) {
    const { status } = await ask('POST', '/api/v1/resolve', { payload: { device: 'pmem0', ranges: [range] } });
    assert.equal(status, 400, JSON.stringify(range));
  }
  assert.deepEqual(asked.resolve, []);
  await close();
});

test('resolve says what is too much, what is beyond every device and which devices there are', async () => {
  const { ask, asked, close } = await served();
  const range = { start: 0, count: 1 };
  const cases: readonly (readonly [object, number, RegExp])[] = [
    [{ device: 'pmem0', ranges: [] }, 400, /body\.ranges must NOT have fewer than 1/],
    [{ device: 'pmem0', ranges: Array(1001).fill(range) }, 400, /body\.ranges must NOT have more than 1000/],
    [{ device: 'pmem0', ranges: [{ start: 0, count: 32_769 }] }, 400, /count must be <= 32768/],
    [{ device: 'pmem0', ranges: Array(2).fill({ start: 0, count: 20_000 }) }, 400, /has 40000 sectors: ask for 32768/],
    [{ device: 'pmem0', ranges: [{ start: 2 ** 53 - 1, count: 8 }] }, 400, /beyond every device/],
    [{ device: 'pmem9', ranges: [range] }, 404, /\/api\/v1\/topology lists them/],
    [{ device: '../../etc/passwd', ranges: [range] }, 404, /topology/],
    [{ device: 'pmem0' }, 400, /ranges/],
  ];
  for (const [payload, status, detail] of cases) {
    const got = await ask('POST', '/api/v1/resolve', { payload });
    assert.equal(got.status, status, JSON.stringify(payload).slice(0, 100));
    assert.match(got.body.detail, detail);
  }
  assert.deepEqual(asked.resolve, []);
  await close();
});

test('a large answer is made in pieces and whole all the same', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => ({
    ...run(i * 8, 8),
    complete: true,
    owners: [fileOwner(i * 8, 8, String(i), `/pg/${i}`)],
  }));
  const { ask, close } = await served({ answer: { device: 'pmem0', complete: false, results: many } });
  const { body } = await ask('POST', '/api/v1/resolve', {
    payload: { device: 'pmem0', ranges: [{ start: 0, count: 8 }] },
  });
  assert.equal(body.results.length, 3000);
  assert.equal(body.results[2999].owners[0].paths[0], '/pg/2999');
  assert.equal(body.complete, false);
  await close();
});

test('check asks for the files within the watched disks, and tells them as the command line does', async () => {
  const files = [
    {
      path: '/pg/a',
      pathBase64: 'L3BnL2E=',
      complete: true,
      ranges: [{ offset: 8192, length: 4096, device: 'pmem0', start: 16, count: 8 }],
    },
  ];
  const { ask, asked, close } = await served({ files });
  const { status, body } = await ask('GET', check('/pg//a/./', '/pg/b'));
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body, { complete: true, reason: null, looked: 3, files: [{ ...files[0], reason: null }] });
  assert.deepEqual(asked.check, [
    { paths: ['/pg/a', '/pg/b'], deadlineMs: 60_000, tellClean: true, within: ['pmem0'] },
  ]);
  await close();
});

test('an answer holds so many files, and says that there are more', async () => {
  const file = { path: '/pg/a', pathBase64: 'L3BnL2E=', complete: true, ranges: [] };
  const { ask, close } = await served({ files: Array(8).fill(file) });
  const { body } = await ask('GET', `${check('/pg')}&limit=5&clean=false`);
  assert.equal(body.files.length, 5);
  assert.equal(body.complete, false);
  assert.equal(body.reason, 'more than 5 files');
  await close();
});

test('check refuses what is no plain absolute path, before anything is looked at', async () => {
  const { ask, asked, close } = await served();
  const refused = [
    ...['/api/v1/files/check', check(), check(''), check('pg/a'), check('/pg/../etc/passwd'), check('/..')],
    ...['/api/v1/files/check?path=/pg/%2e%2e/%2e%2e/etc', '/api/v1/files/check?path=%2fpg%2f..%2fetc'],
    ...[check('/pg/\0'), check(`/${'a'.repeat(4096)}`), check(...Array(17).fill('/pg')), check('..\\..\\etc')],
    ...['/api/v1/files/check?path[]=/pg', '/api/v1/files/check?path=/pg&follow=true', `${check('/pg')}&limit=10001`],
  ];
  for (const url of refused) assert.equal((await ask('GET', url)).status, 400, url.slice(0, 80));
  assert.deepEqual(asked.check, []);
  await close();
});

test('without a token of scope read nothing is looked at, and every question is answered with the same words', async () => {
  const { ask, asked, close } = await served();
  const details = new Set<string>();
  const resolve = (payload: object) => ask('POST', '/api/v1/resolve', { payload, bare: true });
  for (const got of [
    ...(await Promise.all(
      [check('/pg/a'), check('/none'), check('/pg/../x'), check()].map((url) => ask('GET', url, { bare: true })),
    )),
    await resolve({ device: 'pmem0', ranges: [{ start: 0, count: 1 }] }),
    await resolve({ device: 'none', ranges: [] }),
  ]) {
    assert.equal(got.status, 401);
    details.add(got.body.detail);
  }
  assert.equal(details.size, 1);
  assert.deepEqual(asked, { resolve: [], check: [] });
  await close();
});
