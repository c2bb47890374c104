/** A client generated from the OpenAPI document of a running agent: its types are compiled, and every operation is called. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import createClient from 'openapi-fetch';
import { type Agent, startAgent, until } from '../e2e/agent-process.ts';
import { layHost } from '../e2e/host-on-disk.ts';
import { calls } from './calls.ts';
import { generateTypes } from './generate.ts';
import type { paths } from './schema.d.ts';

const token = 'a-token-that-may-operate';
const hash = createHash('sha256').update(token).digest('hex');
const types = join(import.meta.dirname, 'schema.d.ts');
let dir: string;
let agent: Agent;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pmemwatch-client-'));
  chmodSync(dir, 0o777);
  const config = `api:\n  tokens:\n    - { name: ops, scope: operate, hash: "sha256:${hash}" }\n`;
  agent = await startAgent(dir, layHost(join(dir, 'host'), 'one-bad-sector'), config);
});
after(async () => {
  await agent?.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

test('the types are those that the generator makes of the document now (npm run golden writes them)', async () => {
  const now = await generateTypes((await agent.json('/openapi.json')) as object);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(types, now);
  assert.equal(readFileSync(types, 'utf8'), now);
});

test('the client compiles with every check of the compiler', async () => {
  const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', import.meta.dirname]).catch((error) => {
    assert.fail(`${error.stdout}`);
  });
});

test('every operation of the document answers its client as the types say', async (t) => {
  const document = (await agent.json('/openapi.json')) as { paths: Record<string, Record<string, object>> };
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(Object.keys(calls).sort(), described.sort());
  await until('there is an incident', async () => {
    const { items } = (await agent.json('/api/v1/incidents')) as { items: unknown[] };
    return items.length > 0 || undefined;
  });
  const api = createClient<paths>({ baseUrl: agent.url, headers: { authorization: `Bearer ${token}` } });
  for (const [operation, call] of Object.entries(calls)) await t.test(operation, async () => void (await call(api)));
});
