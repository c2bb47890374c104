import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { firstUnreachable } from '../../src/linux/supervisor.ts';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'src/main.ts');
const nobody = { name: 'nobody', uid: 65534, gid: 65534 };

interface DemoRun {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}

function startDemo(words: readonly string[], as?: typeof nobody): DemoRun {
  const child = spawn(process.execPath, ['--disable-sigusr1', main, 'demo', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    // what is set for an agent of this user's own is not the demo's
    env: { ...process.env, PMEMWATCH_STATE_FILE: '/nonexistent/state.db', HOME: '/nonexistent' },
    ...(as === undefined ? {} : { uid: as.uid, gid: as.gid }),
  });
  let text = '';
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return { child, output: () => text, ended: new Promise((done) => child.once('close', done)) };
}

/** Every line of the story, in its order; what is only true of one way is given. */
function assertStory(output: string, way: RegExp): void {
  const story = [
    /^1 {2}A real file on a real file system$/m,
    /^ {3}\/.*\/pmemwatch-demo-\w+\/pg\/base\/16402\/24711$/m,
    /^ {3}\w+ on \/dev\/\S+ keeps its bytes 8192–12287 in sectors \d+\+8 \(by FIEMAP\)$/m,
    /^2 {2}The agent itself, on a simulated sysfs where \/dev\/\S+ plays pmem0$/m,
    /^ {3}\+\d+\.\d\d s {2}ready: http:\/\/127\.0\.0\.1:\d+$/m,
    /^3 {2}The kernel finds 8 bad sectors at \d+ of pmem0$/m,
    /^ {3}\+\d+\.\d\d s {2}pmem\.incident\.opened {2}critical {2}\(signature right\)$/m,
    /\/pg\/base\/16402\/24711 lost bytes 8192–12287/,
    /DIMM slots CPU0_C1_D2, CPU0_C2_D2/,
    /pmemwatch-demo \(pid \d+\) has it open/,
    way,
    /^4 {2}Metrics and API say the same$/m,
    /^ {3}pmem_bad_bytes\{device="pmem0",.*\} 4096$/m,
    /^ {3}pmem_damaged_file_bytes\{.*path="\/.*\/pg\/base\/16402\/24711"\} 4096$/m,
    /"ranges":\[\{"offset":8192,"length":4096\}\]/,
    /^5 {2}The file is rewritten from a good copy/m,
    /^ {3}\+\d+\.\d\d s {2}pmem\.incident\.resolved {2}.*\(signature right\)$/m,
    /^6 {2}/m,
  ];
  let from = 0;
  for (const line of story) {
    const found = line.exec(output.slice(from));
    assert.ok(found, `${line} is not there, or out of order:\n${output}`);
    from += found.index;
  }
}

/** A machine whose every file system is without FIEMAP can show no more than that. */
function hasNoPlace(t: TestContext, output: string): boolean {
  if (!output.includes('no file system here tells where a file lies')) return false;
  t.diagnostic(`this machine has no file system for the demo: ${output}`);
  return true;
}
const folderIn = (output: string): string => /^ {3}(\/.*\/pmemwatch-demo-\w+)\/pg\//m.exec(output)?.[1] ?? '';

test('the demo goes from error to "resolved", says which way the file was found, and leaves nothing behind', async (t) => {
  const demo = startDemo([]);
  const code = await demo.ended;
  const output = demo.output();
  assert.doesNotMatch(output, /health_unreadable/, 'the one error is all there is to tell');
  if (hasNoPlace(t, output)) return;
  assert.equal(code, 0, output);
  const user = process.getuid?.() === 0 ? 'as root' : 'as an ordinary user';
  assertStory(output, new RegExp(`^ {3}Found ${user}`, 'm'));
  assert.equal(existsSync(folderIn(output)), false);
  assert.ok(!output.includes('\u001b'), 'no colour without a terminal');
});

test('an ordinary user sees the same by a walk, which says that it is not complete', async (t) => {
  if (process.getuid?.() !== 0) return t.diagnostic('shown by the first test: this user is an ordinary one');
  const unreachable = firstUnreachable(main, nobody) ?? firstUnreachable(process.execPath, nobody);
  if (unreachable !== undefined) return t.diagnostic(`${unreachable} cannot be reached by another user`);
  const demo = startDemo([], nobody);
  const code = await demo.ended;
  const output = demo.output();
  if (hasNoPlace(t, output)) return;
  assert.equal(code, 0, output);
  assertStory(
    output,
    /^ {3}Found as an ordinary user by a walk \(FIEMAP\) over the demo's folder: not complete \(.*\)$/m,
  );
});

test('--keep prints where to look and goes on until Ctrl-C, then takes everything with it', async (t) => {
  const demo = startDemo(['--keep']);
  const waiting = Promise.withResolvers<void>();
  const watch = setInterval(() => demo.output().includes('again ') && waiting.resolve(), 50);
  await Promise.race([waiting.promise, demo.ended]);
  clearInterval(watch);
  if (hasNoPlace(t, demo.output())) return;
  const url = /metrics +(http:\S+)/.exec(demo.output())?.[1];
  assert.ok(url, demo.output());
  const text = await (await fetch(url)).text();
  assert.match(text, /^pmem_bad_bytes\{device="pmem0",.*\} 0$/m);
  // the demo's own configuration is one that needs no warning
  const log = /its log: (\/\S+)/.exec(demo.output())?.[1] ?? '';
  assert.doesNotMatch(readFileSync(log, 'utf8'), /"warning":/);
  const list = /incidents +npm run -s pmemwatch -- (.*)/.exec(demo.output())?.[1]?.split(' ') ?? [];
  const asked = spawnSync(process.execPath, [main, ...list], { encoding: 'utf8' });
  assert.deepEqual([asked.status, asked.stderr], [0, '']);
  demo.child.kill('SIGINT');
  assert.equal(await demo.ended, 0, demo.output());
  assert.equal(existsSync(folderIn(demo.output())), false);
  await assert.rejects(fetch(url));
});

test('interrupted on its way, it ends the agent and removes its folder', async (t) => {
  const demo = startDemo([]);
  const there = Promise.withResolvers<void>();
  const watch = setInterval(() => demo.output().includes('The agent itself') && there.resolve(), 20);
  await Promise.race([there.promise, demo.ended]);
  clearInterval(watch);
  if (hasNoPlace(t, demo.output())) return;
  demo.child.kill('SIGTERM');
  assert.equal(await demo.ended, 2, demo.output());
  assert.match(demo.output(), /pmemwatch: interrupted/);
  assert.equal(existsSync(folderIn(demo.output())), false);
});

/** Resolves with the agent's address once it is ready; undefined when this machine has no place for a demo. */
async function ready(demo: DemoRun): Promise<string | undefined> {
  let over = false;
  void demo.ended.then(() => {
    over = true;
  });
  for (;;) {
    const url = /ready: (http:\S+)/.exec(demo.output())?.[1];
    if (url !== undefined || over) return url;
    await new Promise((done) => setTimeout(done, 20));
  }
}
async function assertGone(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(`${url}/-/healthy`);
    } catch {
      return;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`the agent still listens on ${url}`);
}

test('a reader that has seen enough (`| head`) leaves no agent and no folder behind, and no complaint', async (t) => {
  const demo = startDemo([]);
  const url = await ready(demo);
  if (hasNoPlace(t, demo.output())) return;
  assert.ok(url, demo.output());
  demo.child.stdout?.destroy();
  assert.equal(await demo.ended, 0, demo.output());
  assert.doesNotMatch(demo.output(), /interrupted|a bug/);
  await assert.rejects(fetch(url));
  assert.equal(existsSync(folderIn(demo.output())), false);
});

test('a terminal that is closed (SIGHUP) ends it as Ctrl-C does', async (t) => {
  const demo = startDemo(['--keep']);
  const url = await ready(demo);
  if (hasNoPlace(t, demo.output())) return;
  assert.ok(url, demo.output());
  demo.child.kill('SIGHUP');
  await demo.ended;
  await assert.rejects(fetch(url));
  assert.equal(existsSync(folderIn(demo.output())), false);
});

test('a demo that is killed leaves no agent behind', async (t) => {
  const demo = startDemo(['--keep']);
  const url = await ready(demo);
  if (hasNoPlace(t, demo.output())) return;
  assert.ok(url, demo.output());
  demo.child.kill('SIGKILL');
  await demo.ended;
  await assertGone(url);
  rmSync(folderIn(demo.output()), { recursive: true, force: true });
});
