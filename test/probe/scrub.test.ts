import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseRequest } from '../../src/linux/probe/protocol.ts';
import type { DeviceQuestion, FileAnswer } from '../../src/linux/probe/reader.ts';
import { createScrubControl } from '../../src/linux/probe/scrub-control.ts';
import { performScrub } from '../../src/linux/scrub.ts';
import { createCountedProbe, createHost } from './rig.ts';

const NFIT = 'sys/bus/nd/devices/ndbus0/nfit';

function host(t: TestContext, scrub: string) {
  const made = createHost();
  t.after(() => made.remove());
  made.write(`${NFIT}/scrub`, scrub);
  made.write(`${NFIT}/hw_error_scrub`, '0\n');
  const read = (name: string): string => readFileSync(join(made.roots.sysfs, '..', NFIT, name), 'utf8');
  return { ...made, read };
}

test('a scrub is asked for by writing 1, with what the file said before and after', async (t) => {
  const { roots, read } = host(t, '7\n');
  // an ordinary file keeps what was written, which is the count 1 to whoever reads it: a kernel would say 7+
  assert.deepEqual(await performScrub(roots, { bus: 'ndbus0', action: 'start' }), {
    written: true,
    before: { completed: 7, running: false },
    after: { completed: 1, running: false },
  });
  assert.equal(read('scrub'), '1\n');
});

test('nothing is written while a scrub runs, or where the file is no count', async (t) => {
  const running = host(t, '7+\n');
  assert.deepEqual(await performScrub(running.roots, { bus: 'ndbus0', action: 'start' }), {
    written: false,
    before: { completed: 7, running: true },
  });
  assert.equal(running.read('scrub'), '7+\n');
  const odd = host(t, 'what\n');
  await assert.rejects(performScrub(odd.roots, { bus: 'ndbus0', action: 'start' }), { code: 'EBADMSG' });
  assert.equal(odd.read('scrub'), 'what\n');
});

test('whether a scrub could be started is found out without starting one', async (t) => {
  const { roots, read } = host(t, '7\n');
  assert.equal(await performScrub(roots, { bus: 'ndbus0', action: 'access' }), null);
  assert.equal(read('scrub'), '7\n');
  await assert.rejects(performScrub(roots, { bus: 'ndbus1', action: 'access' }), { code: 'ENOENT' });
});

test('hw_error_scrub is set to what was asked', async (t) => {
  const { roots, read } = host(t, '7\n');
  await performScrub(roots, { bus: 'ndbus0', action: 'errorScrubOn' });
  assert.equal(read('hw_error_scrub'), '1\n');
  await performScrub(roots, { bus: 'ndbus0', action: 'errorScrubOff' });
  assert.equal(read('hw_error_scrub'), '0\n');
});

test('the probe serves scrubs of buses, and of nothing that a name could lead out to', () => {
  const asked = (call: object) => parseRequest(JSON.stringify({ id: 1, op: 'scrub', call })).kind;
  assert.equal(asked({ bus: 'ndbus0', action: 'start' }), 'request');
  assert.equal(asked({ bus: 'ndbus0', region: 'region1' }), 'request');
  for (const call of [
    {},
    { bus: '../ndbus0', action: 'start' },
    { bus: 'ndbus0/nfit', action: 'start' },
    { bus: 'nmem0', action: 'start' },
    { bus: 'ndbus0', action: 'stop' },
    { bus: 'ndbus0', region: '../region1' },
    { bus: 'ndbus0' },
  ]) {
    assert.equal(asked(call), 'refused', JSON.stringify(call));
  }
});

test('through a real probe process: started once, busy while it runs, and in words what keeps it from being started', async (t) => {
  const { roots, read, ...rest } = host(t, '7\n');
  const probe = createCountedProbe({ roots, ...rest }, 5_000);
  t.after(() => probe.close());
  assert.equal(await probe.scrubs.whyNotWritable('ndbus0'), undefined);
  assert.equal((await probe.scrubs.start('ndbus0')).kind, 'accepted');
  rest.write(`${NFIT}/scrub`, '7+\n');
  assert.deepEqual(await probe.scrubs.start('ndbus0'), { kind: 'busy', before: { completed: 7, running: true } });
  assert.equal(await probe.scrubs.setErrorScrub('ndbus0', true), undefined);
  assert.equal(read('hw_error_scrub'), '1\n');
  const gone = await probe.scrubs.start('ndbus5');
  assert.match(gone.kind === 'failed' ? gone.reason : '', /ndbus5 is gone \(ENOENT\)/);
  // firmware is asked through /dev/ndctl0, which is not there
  assert.equal(await probe.scrubs.canSearch('ndbus0', 'region0'), false);
});

test('an ordinary user is told that a scrub cannot be started, and why', {
  skip: process.getuid?.() === 0 ? 'root may write everything' : false,
}, async (t) => {
  const { roots, ...rest } = host(t, '7\n');
  chmodSync(join(roots.sysfs, 'bus/nd/devices/ndbus0/nfit/scrub'), 0o444);
  const probe = createCountedProbe({ roots, ...rest }, 5_000);
  t.after(() => probe.close());
  const why = await probe.scrubs.whyNotWritable('ndbus0');
  assert.equal(why?.errno, 'EACCES');
  assert.match(why?.reason ?? '', /run the probe process as root/);
});

const answers: readonly (readonly [FileAnswer, RegExp])[] = [
  [{ kind: 'failed', errno: 'EROFS', reason: 'read-only' }, /mounted read-only.*ReadWritePaths/],
  [{ kind: 'failed', errno: 'ENOTTY', reason: 'ioctl' }, /no range of ndbus0 supports a scrub/],
  [{ kind: 'failed', errno: 'EIO', reason: 'i/o error' }, /i\/o error \(EIO\)/],
  [{ kind: 'stuck', afterMs: 30_000, released: Promise.resolve() }, /not answered within 30 s/],
  [{ kind: 'ok', value: { written: true, before: 'x' } }, /broken answer/],
];
test('what a start comes to is a value, whatever the kernel or the probe does', async () => {
  for (const [answer, reason] of answers) {
    const questions: DeviceQuestion[] = [];
    const control = createScrubControl({
      async ask(question) {
        questions.push(question);
        return answer;
      },
    });
    const start = await control.start('ndbus0');
    assert.match(start.kind === 'failed' ? start.reason : start.kind, reason);
    assert.deepEqual(questions, [{ op: 'scrub', call: { bus: 'ndbus0', action: 'start' } }]);
  }
});
