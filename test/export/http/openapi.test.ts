import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { httpDeps } from './served.ts';

interface Operation {
  readonly operationId?: string;
  readonly description?: string;
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Record<string, { readonly example?: object }> };
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema?: object }[];
  readonly responses: Readonly<Record<string, { description?: string; content?: Record<string, { schema?: object }> }>>;
}

test('the OpenAPI document describes every route, its parameters, its answers and its problems', async (t) => {
  const { app, closeDocumentation } = await createHttpApp(httpDeps());
  t.after(() => Promise.all([app.close(), closeDocumentation()]));
  const answer = await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } });
  assert.equal(answer.statusCode, 200);
  const document = answer.json();
  assert.equal(document.openapi, '3.1.0');
  assert.equal(document.info.version, '0.1.0');
  const paths = Object.keys(document.paths).sort();
  assert.deepEqual(paths, [
    '/-/healthy',
    '/-/ready',
    '/-/reload',
    '/api/v1/badblocks',
    '/api/v1/deliveries',
    '/api/v1/deliveries/{id}/replay',
    '/api/v1/devices',
    '/api/v1/dimms',
    '/api/v1/dimms/{dimm}',
    '/api/v1/events',
    '/api/v1/events/stream',
    '/api/v1/files',
    '/api/v1/files/check',
    '/api/v1/incidents',
    '/api/v1/incidents/{id}',
    '/api/v1/incidents/{id}/acknowledge',
    '/api/v1/incidents/{id}/close',
    '/api/v1/receivers/{name}/replay',
    '/api/v1/receivers/{name}/test',
    '/api/v1/resolve',
    '/api/v1/scrubs',
    '/api/v1/scrubs/{id}',
    '/api/v1/topology',
    '/metrics',
    '/openapi.json',
  ]);
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const where = `${method} ${path}`;
      assert.ok(operation.summary !== undefined && operation.tags?.length === 1, where);
      assert.match(operation.operationId ?? '', /^[a-z][A-Za-z]+$/, where);
      ids.add(operation.operationId ?? '');
      const needsToken = /needs a token of scope/.test(operation.description ?? '');
      assert.deepEqual(operation.security, needsToken ? [{ token: [] }] : undefined, where);
      assert.ok(method !== 'post' || needsToken, `${where} is open to everybody`);
      const body = operation.requestBody?.content['application/json'];
      assert.ok(body === undefined || body.example !== undefined, `${where} shows no example`);
      const declared = (operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name);
      assert.deepEqual(
        declared,
        [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]),
        where,
      );
      assert.ok((operation.responses['200'] ?? operation.responses['202'])?.content !== undefined, where);
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.match(status, /^(20[02]|304|4XX|5XX)$/, where);
        assert.equal(typeof response.description, 'string', where);
        for (const [type, content] of Object.entries(response.content ?? {})) {
          assert.equal(/^[45]/.test(status), type === 'application/problem+json', `${where} ${status}`);
          assert.equal(typeof content.schema, 'object', `${where} ${status}`);
        }
      }
    }
  }
  assert.equal(
    ids.size,
    Object.values<object>(document.paths).flatMap(Object.keys).length,
    'an operationId is used twice',
  );
  assert.deepEqual(document.security, [{}, { user: [] }, { token: [] }]);
  assert.deepEqual(Object.keys(document.components.securitySchemes).sort(), ['token', 'user']);
  assert.deepEqual(Object.keys(document.paths['/metrics'].get.responses['200'].content), [
    'text/plain',
    'application/openmetrics-text',
  ]);
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((m) => m[1]);
  assert.deepEqual(references, [], 'every schema stands where it is used');
});

test('the pages to try the API are served from the agent itself', async (t) => {
  const { app, closeDocumentation } = await createHttpApp(httpDeps());
  t.after(() => Promise.all([app.close(), closeDocumentation()]));
  const headers = { host: 'localhost' };
  const page = await app.inject({ url: '/docs', headers });
  assert.equal(page.statusCode, 200);
  assert.doesNotMatch(page.body, /(src|href)="https?:/);
  for (const [, asset = ''] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.equal((await app.inject({ url: asset, headers })).statusCode, 200, asset);
  }
  assert.equal((await app.inject({ url: '/docs/json', headers })).json().openapi, '3.1.0');
  assert.equal((await app.inject({ url: '/docs', headers: { host: 'evil.example.com' } })).statusCode, 421);
});
