import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckedFile } from '../../src/cli/check.ts';
import { AgentError } from '../../src/model/errors.ts';
import { createHostTree } from '../fakes/host-tree.ts';
import { platformOf, runCommand } from './run-command.ts';

const clean: CheckedFile = { path: '/a', pathBase64: 'L2E=', complete: true, reason: null, ranges: [] };
const damaged: CheckedFile = {
  ...clean,
  path: '/b\u001b[2J',
  ranges: [{ offset: 8192, length: 4096, device: 'pmem0', start: 262144, count: 8 }],
};
const unseen: CheckedFile = { ...clean, path: '/c', complete: false, reason: 'permission denied' };

async function check(files: readonly CheckedFile[], ...words: string[]) {
  const asked: string[][] = [];
  const answer = { complete: files.every(({ complete }) => complete), files };
  const platform = platformOf(createHostTree(''), {
    async check(job, _progress, _signal, onFiles) {
      asked.push([...job.paths]);
      const told = files.filter((file) => job.tellClean || !file.complete || file.ranges.length > 0);
      for (const file of told) await onFiles([file]);
      return { complete: answer.complete, looked: files.length };
    },
  });
  return { asked, answer, ...(await runCommand(['check', ...words], { platform })) };
}

test('exit code 0 is for complete and clean alone; damage is 1, complete or not; else 2', async () => {
  assert.equal((await check([clean], '/a')).code, 0);
  assert.equal((await check([], '/empty')).code, 0);
  assert.equal((await check([clean, damaged], '/')).code, 1);
  assert.equal((await check([damaged, unseen], '/')).code, 1);
  assert.equal((await check([clean, unseen], '/')).code, 2);
});

test('what could not be seen is one line on stderr', async () => {
  const { stderr } = await check([unseen, { ...unseen, path: '/d' }], '/');
  assert.equal(stderr, 'pmemwatch check: not complete: /c: permission denied (and 1 other)\n');
  assert.equal((await check([clean], '/a')).stderr, '');
});

test('JSON is one document, JSON lines one for each file', async () => {
  const { stdout, answer } = await check([clean, damaged], '/', '--json');
  assert.deepEqual(JSON.parse(stdout), answer);
  const rows = (await check([clean, damaged], '/', '--jsonl')).stdout.trimEnd().split('\n');
  assert.deepEqual(
    rows.map((row) => JSON.parse(row)),
    [clean, damaged],
  );
});

test('a JSON document without files, and one that is broken off, are documents all the same', async () => {
  assert.deepEqual(JSON.parse((await check([], '/', '--json')).stdout), { complete: true, files: [] });
  const platform = platformOf(createHostTree(''), {
    async check(_job, _progress, _signal, onFiles) {
      await onFiles([damaged]);
      throw new AgentError('PROBE', 'the probe process ended');
    },
  });
  const { code, stdout } = await runCommand(['check', '/', '--json'], { platform });
  assert.equal(code, 2);
  assert.deepEqual(JSON.parse(stdout), { complete: false, files: [{ ...damaged }] });
});

test('text shows damaged bytes and their sectors, and names that drive no terminal', async () => {
  assert.equal(
    (await check([clean, damaged], '/')).stdout,
    'damaged  /b\\x1b[2J\n  bytes 8192–12287  pmem0 262144+8\n2 files looked at, 1 damaged\n',
  );
});

test('not seeing everything is never told as "no damage"', async () => {
  assert.match((await check([clean], '/a')).stdout, /1 file looked at: no known damage/);
  assert.doesNotMatch((await check([clean, unseen], '/')).stdout, /no known damage/);
  assert.match((await check([clean, unseen], '/')).stdout, /^1 file looked at, 1 not or not wholly: none known/m);
  assert.match((await check([unseen], '/c')).stdout, /^0 files looked at, 1 not or not wholly: none known/m);
});

test('relative paths are asked for as absolute ones', async () => {
  const { asked } = await check([], 'x', '/y/../z');
  assert.deepEqual(asked, [[`${process.cwd()}/x`, '/z']]);
});
