import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostFile, materialiseHost } from '../fakes/host-tree.ts';
import type { Ran } from './run-command.ts';

/** The program as people start it, in a process of its own. */
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pmemwatch-program-'));
});
after(() => rm(folder, { recursive: true }));

function program(words: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['--disable-sigusr1', main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? -1, stdout, stderr }));
  });
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
