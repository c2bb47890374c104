import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { createClock } from '../../src/linux/clock.ts';
import { createPasswords } from '../../src/linux/passwords.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';

test('passwords are compared with the hashes of htpasswd and of others', async (t) => {
  const passwords = createPasswords(createClock());
  t.after(() => passwords.close());
  // htpasswd -nbBC 5 x pässword
  for (const hash of ['$2y$', '$2b$', '$2a$'].map((kind) => hashSync('pässword', 4).replace(/^\$2.\$/, kind))) {
    assert.equal(await passwords.verify('pässword', hash), true, hash);
    assert.equal(await passwords.verify('password', hash), false, hash);
    assert.equal(await passwords.verify('', hash), false, hash);
  }
});

test('the event loop goes on while many are compared', async (t) => {
  const passwords = createPasswords(createClock());
  t.after(() => passwords.close());
  const hash = hashSync('right', 10);
  await passwords.verify('warm', hash);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await Promise.all(Array.from({ length: 8 }, (_, i) => passwords.verify(`wrong-${i}`, hash)));
  const took = performance.now() - start;
  delay.disable();
  // one comparison is about a tenth of all eight
  assert.ok(delay.percentile(90) / 1e6 < took / 16, `${delay.percentile(90) / 1e6} ms of ${took} ms`);
});

test('its thread ends when it has had nothing to do, and another begins with the next question', async (t) => {
  const clock = createFakeClock();
  const passwords = createPasswords(clock, 1000);
  t.after(() => passwords.close());
  const hash = hashSync('right', 4);
  assert.equal(await passwords.verify('right', hash), true);
  clock.advance(1001);
  assert.equal(await passwords.verify('right', hash), true);
});

test('a question that is open when it is closed is answered with why', async () => {
  const passwords = createPasswords(createClock());
  const asked = passwords.verify('right', hashSync('right', 12));
  passwords.close();
  await assert.rejects(asked, /the thread that checks passwords is gone/);
});
