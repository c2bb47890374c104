import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scripts } from '../../../src/export/http/page/scripts.ts';

const root = join(import.meta.dirname, '../../..');
const folder = 'src/export/http/page/browser';
const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.js'));

test('every script of the folder is served', () => {
  assert.deepEqual([...scripts.keys()].sort(), files.sort());
});

test('the shipped program has the scripts, and its own types know nothing of a browser', () => {
  const listed = (project: string) =>
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project, '--listFilesOnly'], {
      cwd: root,
      encoding: 'utf8',
    });
  const shipped = listed('tsconfig.build.json');
  for (const name of files) assert.ok(shipped.includes(`${folder}/${name}`), name);
  assert.ok(!shipped.includes('lib.dom'), 'the DOM is among the types of the agent');
  assert.ok(listed(folder).includes('lib.dom.d.ts'));
});
