import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostFile, materialiseHost } from '../fakes/host-tree.ts';
import { main, startProgram } from './program.ts';
import type { Ran } from './run-command.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pmemwatch-program-'));
});
after(() => rm(folder, { recursive: true }));

async function program(words: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  const running = startProgram(words, { PATH: '/usr/bin:/bin', ...environment });
  return { code: await running.code, stdout: running.stdout(), stderr: running.stderr() };
}

test('the version is the package’s', async () => {
  const { code, stdout, stderr } = await program(['--version']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^pmemwatch \d+\.\d+\.\d+\n$/);
});

test('wrong usage ends with 2 and one line', async () => {
  const { code, stdout, stderr } = await program(['lst']);
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.equal(stderr, 'pmemwatch: unknown command lst: did you mean list? (pmemwatch --help shows how)\n');
});

test('list shows a host through a real probe process, with roots from flags or from the environment', async () => {
  const host = materialiseHost(hostFile('qemu-mce'), folder);
  const byFlag = await program(['list', '--json', '--path.sysfs', host.sysfs, '--path.procfs', host.procfs]);
  assert.deepEqual({ code: byFlag.code, stderr: byFlag.stderr }, { code: 0, stderr: '' });
  assert.equal(JSON.parse(byFlag.stdout).buses[0].name, 'ndbus0');
  const roots = { PMEMWATCH_PATH_SYSFS: host.sysfs, PMEMWATCH_PATH_PROCFS: host.procfs };
  const { readAt: _, ...listing } = JSON.parse(byFlag.stdout);
  const byVariable = await program(['list', '--direct', '--json'], roots);
  const { readAt: __, ...again } = JSON.parse(byVariable.stdout);
  assert.deepEqual([byVariable.code, again, byVariable.stderr], [0, listing, '']);
  const { code, stderr } = await program(['list', '--direct'], { ...roots, PMEMWATCH_PATH_SYFS: '/x' });
  assert.equal(code, 0);
  assert.equal(
    stderr,
    'pmemwatch: warning: the environment variable PMEMWATCH_PATH_SYFS means nothing: did you mean PMEMWATCH_PATH_SYSFS?\n',
  );
});

test('an agent with a wrong configuration does not start, and says everything that is wrong', async () => {
  const config = join(folder, 'wrong.yml');
  await writeFile(config, 'poll: { bad_blocks: 1 }\nreceivers: [{ name: a, type: slack }]\n');
  const { code, stdout, stderr } = await program(['agent', '--config', config]);
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.match(stderr, /wrong\.yml:1:21: poll\.bad_blocks: 1 is not a duration/);
  assert.match(stderr, /wrong\.yml:2:13: receivers\[0\]: needs url, url_file or url_env/);
});

test('a reader that has seen enough ends it without a word', async () => {
  const folderOfSocket = join(folder, 'enough.sock');
  const event = { time: '2026-11-23T14:02:07Z', type: 'range.found', incident: null, device: 'pmem0', data: {} };
  const items = Array.from({ length: 20_000 }, (_, i) => ({ ...event, id: i + 1 }));
  const server = createServer((_, response) => {
    response.end(JSON.stringify({ items, next: null, complete: true, readAt: null }));
  });
  await new Promise<void>((done) => server.listen(folderOfSocket, done));
  const command = `"${process.execPath}" --disable-sigusr1 "${main}" events --limit 0 --socket "${folderOfSocket}" | head -1; echo "\${PIPESTATUS[0]}"`;
  const shell = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin' } });
  let [stdout, stderr] = ['', ''];
  shell.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  shell.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((done) => shell.on('close', done));
  server.close();
  assert.match(stdout, /^1 +2026-11-23T14:02:07Z {2}range\.found +pmem0 +-\n0\n$/);
  assert.equal(stderr, '');
});
