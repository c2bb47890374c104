/** What the answers of each receiver mean, and what of a message each of them gets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { run } from '../../src/model/extent.ts';
import type { Message } from '../../src/model/message.ts';
import type { Owner } from '../../src/model/owner.ts';
import { alertmanager, alertOf } from '../../src/notify/alertmanager.ts';
import { signatureOf } from '../../src/notify/signature.ts';
import { webhook } from '../../src/notify/webhook.ts';
import { createRecordingHttp, type ScriptedAnswer } from '../fakes/recording-http.ts';
import { at, owner, postgres, story } from './notices.ts';
import { everyMessage, receiverOf, render, sent } from './told.ts';

const { owners: message, opened, resolved } = everyMessage();
if (message === undefined || opened === undefined || resolved === undefined) throw new Error('a message is missing');

describe('the answer', () => {
  const rows: readonly (readonly [string, ScriptedAnswer, string, RegExp])[] = [
    ['pagerduty', { status: 202, body: '{"status":"success"}' }, 'delivered', /^$/],
    ['pagerduty', { status: 400, body: '{"status":"invalid event"}' }, 'rejected', /^HTTP 400$/],
    ['pagerduty', { status: 429, headers: { 'retry-after': '60' } }, 'retry', /^HTTP 429$/],
    ['pagerduty', 500, 'retry', /^HTTP 500$/],
    ['pagerduty', { status: 200, body: '<html>log in</html>' }, 'retry', /200 where PagerDuty answers 202/],
    ['pagerduty', { fails: 'connection refused' }, 'retry', /connection refused/],
    ['slack', { body: 'ok' }, 'delivered', /^$/],
    ['slack', { body: '<html>log in</html>' }, 'retry', /HTTP 200 without the "ok" of Slack/],
    ['slack', { status: 400, body: 'user_not_found' }, 'rejected', /^HTTP 400$/],
    ['slack', { status: 403, body: 'action_prohibited' }, 'rejected', /^HTTP 403$/],
    ['slack', { status: 404, body: 'channel_not_found' }, 'retry', /^HTTP 404$/],
    ['slack', { status: 410, body: 'channel_is_archived' }, 'disabled', /gone/],
    ['slack', { status: 429, headers: { 'retry-after': '1' } }, 'retry', /^HTTP 429$/],
    ['slack', { status: 500, body: 'rollup_error' }, 'retry', /^HTTP 500$/],
    ['alertmanager', 200, 'delivered', /^$/],
    ['alertmanager', { status: 400, body: '"bad alert"' }, 'rejected', /^HTTP 400$/],
    ['alertmanager', 503, 'retry', /^HTTP 503$/],
  ];
  for (const [type, answer, delivery, reason] of rows) {
    it(`${JSON.stringify(answer)} of ${type} is ${delivery}`, async () => {
      const outcome = await sent(type, message, [answer]);
      assert.equal(outcome.delivery, delivery);
      assert.match(outcome.reason, reason);
      assert.equal(outcome.posts.length, 1);
    });
  }

  it('of Slack that it cannot show the blocks has the message sent in plain words', async () => {
    const { posts, delivery } = await sent('slack', message, [{ status: 400, body: 'invalid_blocks' }, { body: 'ok' }]);
    assert.equal(delivery, 'delivered');
    const [, plain] = posts.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    assert.deepEqual(Object.keys(plain ?? {}).sort(), ['mrkdwn', 'text', 'unfurl_links', 'unfurl_media']);
    assert.match(String(plain?.['text']), /24711 lost bytes 8192–12287/);
    const twice = [
      { status: 400, body: 'invalid_payload' },
      { status: 400, body: 'invalid_payload' },
    ];
    assert.equal((await sent('slack', message, twice)).delivery, 'rejected');
  });
});

it('of what a receiver said nothing is kept that let us in: neither address nor key nor header', async () => {
  const url = 'https://hooks.example:8443/services/T0/B0/pathtoken%2B1?token=querytoken';
  const receiver = receiverOf('webhook', {
    url,
    secrets: ['whsec_c2lnbmluZ2tleQ=='],
    headers: { authorization: 'Bearer headertoken' },
  });
  const echo = 'Cannot POST /services/T0/B0/pathtoken%2B1?token=querytoken on hooks.example:8443';
  const more = '; pathtoken+1 "Bearer headertoken" headertoken whsec_c2lnbmluZ2tleQ== c2lnbmluZ2tleQ==';
  const http = createRecordingHttp();
  http.script(url, { status: 400, body: echo + more });
  const context = { http, now: at, signal: new AbortController().signal };
  const delivery = await webhook.send(message, receiver, context);
  assert.deepEqual(delivery, {
    kind: 'rejected',
    reason: 'HTTP 400',
    answer: 'Cannot POST /…/T0/B0/…?token=… on …; … "…" … … …',
  });
});

it('the address of Alertmanager is told as Prometheus has it, with or without a path before its API', async () => {
  const rows = [
    ['http://am:9093', 'http://am:9093/api/v2/alerts'],
    ['http://am:9093/prefix/', 'http://am:9093/prefix/api/v2/alerts'],
    ['https://am/api/v2/alerts?token=x', 'https://am/api/v2/alerts?token=x'],
  ];
  for (const [url = '', expected] of rows) {
    const http = createRecordingHttp();
    const context = { http, now: at, signal: new AbortController().signal };
    await alertmanager.send(message, receiverOf('alertmanager', { url }), context);
    assert.equal(http.posts[0]?.url, expected);
  }
});

it('a clock that was put back makes no alert that ends before it begins', async () => {
  const { startsAt, endsAt } = alertOf(message, {}, { now: at - 3_600_000 });
  assert.ok(Date.parse(endsAt) > Date.parse(startsAt));
  const end = alertOf({ ...resolved, time: new Date(at - 1).toISOString() }, {}, { now: at });
  assert.equal(end.endsAt, end.startsAt);
});

it('the labels of the configuration stand beside those of an alert, and only that of the instance in place of one', () => {
  const labels = { instance: 'db07:9915', cluster: 'eu1', source: 'prometheus' };
  const alert = alertOf(message, { labels }, { now: at });
  assert.deepEqual(
    [alert.labels['instance'], alert.labels['cluster'], alert.labels['source']],
    ['db07:9915', 'eu1', 'agent'],
  );
});

describe('a PagerDuty alert', () => {
  const keysOf = async (name: string): Promise<string[]> => {
    const { posts } = await sent('pagerduty', everyMessage()[name] ?? message);
    return posts.map(({ body }) => {
      const { event_action, dedup_key } = JSON.parse(body) as Record<string, string>;
      return `${event_action} ${dedup_key?.replace(message.incident, 'ID')}`;
    });
  };
  it('is one for an incident, whatever comes, and ends with it', async () => {
    for (const name of ['opened', 'owners', 'grew', 'shrank', 'reminder']) {
      assert.deepEqual(await keysOf(name), ['trigger ID'], name);
    }
    assert.deepEqual(await keysOf('resolved'), ['resolve ID']);
  });
  it('pages again for growth beyond an acknowledgement, also beyond the next one, and both are resolved together', async () => {
    assert.deepEqual(await keysOf('acknowledged'), ['acknowledge ID', 'resolve ID-grown']);
    assert.deepEqual(await keysOf('grewBeyondAcknowledgement'), ['trigger ID-grown']);
    assert.deepEqual(await keysOf('resolvedAfterAcknowledgement'), ['resolve ID', 'resolve ID-grown']);
  });
  it('pages again when an acknowledgement has run out, and for what is told from then on', async () => {
    for (const name of ['reminder', 'grew', 'owners', 'resolved']) {
      const lapsed: Message = { ...(everyMessage()[name] ?? message), acknowledgementLapsed: true };
      const { posts } = await sent('pagerduty', lapsed);
      const keys = posts.map(({ body }) => (JSON.parse(body) as { dedup_key: string }).dedup_key);
      const grown = `${lapsed.incident}-grown`;
      assert.deepEqual(keys, name === 'resolved' ? [lapsed.incident, grown] : [grown], name);
    }
  });
  it('of which one of two events was not taken is tried again in whole', async () => {
    const both = everyMessage()['resolvedAfterAcknowledgement'] ?? message;
    const { delivery, posts } = await sent('pagerduty', both, [202, 500]);
    assert.deepEqual([delivery, posts.length], ['retry', 2]);
  });
  it('is not made by a heartbeat, which would page', async () => {
    assert.deepEqual(await keysOf('heartbeat'), []);
  });
});

describe('the signature of a webhook', () => {
  const secret = (fill: number): string => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
  const [older, newer] = [secret(1), secret(2)] as const;
  const body = JSON.stringify(message);
  const now = Math.floor(Date.now() / 1000);
  const headersOf = (secrets: readonly string[], at = now): Record<string, string> => ({
    'webhook-id': message.id,
    'webhook-timestamp': String(at),
    'webhook-signature': signatureOf(secrets, message.id, at, body),
  });

  it('is verified by the library of the standard, with either key while keys change', () => {
    assert.deepEqual(new Webhook(newer).verify(body, headersOf([newer])), JSON.parse(body));
    for (const key of [newer, older]) new Webhook(key).verify(body, headersOf([newer, older]));
    new Webhook(newer).verify(body, headersOf([newer.replace('whsec_', '')]));
  });
  it('does not stand for another body, id, time or key', () => {
    const good = headersOf([older]);
    const verify = (text: string, headers: Record<string, string>, key = older): unknown =>
      new Webhook(key).verify(text, headers);
    assert.throws(() => verify(body.replace('critical', 'info'), good));
    assert.throws(() => verify(body, { ...good, 'webhook-id': 'another' }));
    assert.throws(() => verify(body, { ...good, 'webhook-timestamp': String(now - 1) }));
    assert.throws(() => verify(body, good, newer));
    assert.throws(() => verify(body, headersOf([older], now - 3600)), /too old/);
  });
});

describe('names of files', () => {
  const marked = (name: string): string => `/pg/MARK-${name}`;
  const owners: Owner[] = [
    owner({
      paths: [marked('path')],
      pathsBase64: [Buffer.from(marked('path')).toString('base64')],
      openBy: [postgres],
      kernelUsers: [{ kind: 'swap', name: marked('swap') }],
      layers: [{ device: 'loop0', name: marked('image'), kind: 'loop', ...run(64, 8) }],
    }),
    owner({ ...run(300_000, 8), kind: 'deleted', formerPath: marked('former'), paths: [] }),
    owner({ ...run(300_016, 8), kind: 'directory', paths: [marked('directory')] }),
    owner({ ...run(300_032, 8), kind: 'symlink', paths: [marked('symlink')] }),
  ];
  for (const type of ['alertmanager', 'pagerduty', 'slack', 'webhook']) {
    it(`are nowhere in what ${type} gets where they are off or hashed, at no stage of an incident`, async () => {
      for (const policy of ['off', 'hash'] as const) {
        for (const [stage, notice] of Object.entries(story(owners))) {
          const { posts } = await sent(type, render(notice, policy));
          assert.ok(posts.length > 0);
          const text = posts.map(({ body }) => body).join();
          assert.doesNotMatch(text, /MARK/, `${policy}, ${stage}`);
          assert.ok(!text.includes(Buffer.from('/pg/MARK').toString('base64').slice(0, 10)), `${policy}, ${stage}`);
        }
      }
      const { posts } = await sent(type, render(story(owners).owned, 'full'));
      assert.match(posts[0]?.body ?? '', /MARK-path/);
    });
  }
});
