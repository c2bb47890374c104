import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { startDemoReceiver } from '../../src/demo/receiver.ts';

test('the receiver tells a right signature from a wrong one, and hands out what it got', async () => {
  const told: boolean[] = [];
  const receiver = await startDemoReceiver(({ signed }) => told.push(signed));
  const never = new AbortController();
  try {
    const key = Buffer.from(receiver.secret.replace('whsec_', ''), 'base64');
    const post = (type: string, signature: string) =>
      fetch(receiver.url, {
        method: 'POST',
        headers: { 'webhook-id': 'm1', 'webhook-timestamp': '1', 'webhook-signature': signature },
        body: JSON.stringify({ type }),
      });
    const right = createHmac('sha256', key).update('m1.1.{"type":"pmem.incident.opened"}').digest('base64');
    const waiting = receiver.next(({ type }) => type === 'pmem.incident.opened', never.signal);
    assert.equal(
      (await post('pmem.incident.opened', `v1,${Buffer.alloc(32).toString('base64')} v1,${right}`)).status,
      204,
    );
    assert.equal((await waiting).signed, true);
    assert.equal((await post('pmem.incident.resolved', `v1,${right}`)).status, 204);
    const late = await receiver.next(({ type }) => type === 'pmem.incident.resolved', never.signal);
    assert.equal(late.signed, false);
    assert.deepEqual(told, [true, false]);
  } finally {
    await receiver.close();
  }
});

test('who waits in vain is let go by the signal', async () => {
  const receiver = await startDemoReceiver(() => undefined);
  try {
    await assert.rejects(
      receiver.next(() => false, AbortSignal.timeout(10)),
      { name: 'TimeoutError' },
    );
    await assert.rejects(
      receiver.next(() => false, AbortSignal.abort()),
      { name: 'AbortError' },
    );
  } finally {
    await receiver.close();
  }
});
