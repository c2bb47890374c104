import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ApiDocument, renderApiReference } from '../../../src/export/http/api-reference.ts';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { httpDeps } from './served.ts';

const file = join(import.meta.dirname, '../../../docs/api.md');

test('docs/api.md says what the schemas say (npm run golden writes it)', async () => {
  const { app, closeDocumentation } = await createHttpApp(httpDeps());
  const document = (await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })).json() as ApiDocument;
  await Promise.all([app.close(), closeDocumentation()]);
  const text = renderApiReference(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `### ${method.toUpperCase()} ${path}\n`),
  );
  assert.ok(operations.length > 20);
  for (const heading of operations) assert.ok(text.includes(heading), heading);
  assert.doesNotMatch(text, /undefined|\[object/);
  const linked = [...text.matchAll(/\]\(#(\w+)\)/g)].map(([, anchor]) => anchor);
  const anchors = [...text.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name.toLowerCase());
  assert.deepEqual([...new Set(linked)].sort(), anchors.sort());
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(readFileSync(file, 'utf8'), text);
});
