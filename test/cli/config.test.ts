import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Settings } from '../../src/config/load.ts';
import { runCommand } from './run-command.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pmemwatch-cli-'));
});
after(() => rm(folder, { recursive: true }));
async function write(text: string): Promise<string> {
  const file = join(folder, 'pmemwatch.yml');
  await writeFile(file, text);
  return file;
}

test('config check says that a file is right', async () => {
  const file = await write('receivers: [{ name: a, type: webhook, url: http://x }]\n');
  assert.deepEqual(await runCommand(['config', 'check', file]), {
    code: 0,
    stdout: `${file} is right: 1 receiver, 0 tokens\n`,
    stderr: '',
  });
});

test('config check prints every mistake with its place, and one line that counts them', async () => {
  const file = await write('poll: { bad_block: 5s }\nretention: 1h\n');
  const { code, stdout, stderr } = await runCommand(['config', 'check', file]);
  assert.equal(code, 2);
  assert.equal(
    stdout,
    `${file}:1:9: poll.bad_block: unknown key "bad_block": did you mean bad_blocks?\n${file}:2:12: retention: "1h" is not a duration from 1d to 3650d, such as 90d\n`,
  );
  assert.equal(stderr, `pmemwatch config check: 2 mistakes in ${file}: correct them and check again\n`);
});

test('the agent gets the settings of its flags, and its exit code is the program’s', async () => {
  const file = await write('poll: { bad_blocks: 5s }\n');
  const started: Settings[] = [];
  const words = ['agent', '--config', file, '--web.listen-address', ':0', '--web.listen-address', '[::1]:0'];
  words.push('--web.telemetry-path', '/m', '--path.sysfs', '/s', '--path.procfs=/p', '--path.rootfs', '/r');
  words.push('--path.dev', '/d', '--state.file', '/x/state.db', '--log.level', 'debug', '--log.format', 'pretty');
  const { code } = await runCommand(words, {
    async runAgent(settings) {
      started.push(settings);
      return 0;
    },
  });
  assert.equal(code, 0);
  const [settings] = started;
  assert.equal(settings?.config.poll.badBlocksMs, 5000);
  assert.deepEqual(settings?.listen, [
    { kind: 'tcp', port: 0 },
    { kind: 'tcp', host: '::1', port: 0 },
  ]);
  assert.deepEqual(settings?.roots, { sysfs: '/s', procfs: '/p', rootfs: '/r', dev: '/d' });
  assert.deepEqual(settings?.log, { level: 'debug', format: 'pretty' });
  assert.equal(settings?.stateFile, '/x/state.db');
  assert.equal(settings?.telemetryPath, '/m');
});

test('an agent with several mistakes shows all of them and does not start', async () => {
  const file = await write('pol: 1\nretentoin: 1\n');
  const { code, stdout, stderr } = await runCommand(['agent', '--config', file]);
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.equal(stderr.split('\n').length, 4);
  assert.match(
    stderr,
    /:1:1: pol: .*\n.*:2:1: retentoin: .*\npmemwatch agent: 2 mistakes in flags and configuration: correct them all\n$/,
  );
});
