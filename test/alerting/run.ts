/**
 * One agent and all its receivers: `node test/alerting/run.ts`. Alertmanager is the real one (Debian: apt-get install
 * prometheus-alertmanager); signatures are verified by the library of Standard Webhooks; PagerDuty and Slack are scripted
 * after their documentation. Takes some two minutes, most of them until an alert is sent again. Needs no root.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, startAgent, until } from '../e2e/agent-process.ts';
import { type HostOnDisk, layHost } from '../e2e/host-on-disk.ts';
import { freePort } from '../free-port.ts';
import { type Checks, createChecks } from '../prom/checks.ts';
import { type Endpoints, type Secrets, startEndpoints } from './endpoints.ts';
import { type KnownAlert, program, type RunningAlertmanager, startAlertmanager } from './running-alertmanager.ts';

const RESENT_MS = 75_000;
const secrets: Secrets = {
  routingKey: 'SECRETpagerdutySECRETpagerduty00',
  slackPath: '/services/T0/B0/SECRETslack',
  webhookKey: `whsec_${Buffer.from('SECRET of the receiver, older').toString('base64')}`,
  authorization: 'Bearer SECRETtoken',
};
const newerKey = `whsec_${Buffer.from('SECRET of the receiver, newer').toString('base64')}`;

interface Scene {
  readonly folder: string;
  readonly host: HostOnDisk;
  readonly endpoints: Endpoints;
  readonly amPort: number;
  agent: Agent;
  alertmanager: RunningAlertmanager;
}

function configOf(folder: string, url: string, amPort: number, deadPort: number): string {
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `${text}\n`);
    // as root the agent reads it as an ordinary user
    chmodSync(path, 0o644);
    return path;
  };
  const receivers = [
    {
      name: 'am',
      type: 'alertmanager',
      urls: [`http://127.0.0.1:${amPort}`, `http://127.0.0.1:${deadPort}/?token=SECRETquery`],
      labels: { instance: 'db07:9915', cluster: 'eu1' },
    },
    { name: 'pager', type: 'pagerduty', url: `${url}/v2/enqueue`, secret_env: 'TEST_ROUTING_KEY' },
    { name: 'chat', type: 'slack', url_file: file('slack.url', `${url}${secrets.slackPath}`) },
    {
      name: 'hook',
      type: 'webhook',
      url: `${url}/hook`,
      // in the middle of a change of keys: the receiver still has the older one
      secret_file: file('hook.key', `${newerKey}\n${secrets.webhookKey}`),
      header_files: { Authorization: file('hook.auth', secrets.authorization) },
    },
  ];
  return `poll: { bad_blocks: 1s }\nnotify: { group_wait: 1s }\nreceivers: ${JSON.stringify(receivers)}\n`;
}

/** Waits longer than `until` does. */
async function within<T>(ms: number, what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${ms / 1000} s in vain until ${what}`);
    await sleep(500);
  }
}
async function mediaErrors({ alertmanager }: Scene): Promise<KnownAlert[]> {
  const ours = (await alertmanager.alerts()).filter(({ labels }) => labels['source'] === 'agent');
  return ours.filter(({ labels }) => labels['alertname'] === 'PmemMediaError');
}
const bothDevices = (scene: Scene, ms = 20_000): Promise<KnownAlert[]> =>
  within(ms, 'Alertmanager has both alerts', async () => {
    const alerts = await mediaErrors(scene);
    return alerts.length === 2 ? alerts : undefined;
  });

async function checkOpening(checks: Checks, scene: Scene): Promise<void> {
  const { endpoints, agent } = scene;
  await checks.run('Alertmanager shows an alert of each damaged device, beside an instance that is down', async () => {
    const alerts = await bothDevices(scene);
    const [first] = alerts;
    assert.deepEqual(Object.keys(first?.labels ?? {}).sort(), [
      ...['alertname', 'cluster', 'condition', 'fingerprint', 'instance', 'severity', 'source', 'uid'],
    ]);
    assert.equal(first?.labels['instance'], 'db07:9915');
    assert.equal(new Set(alerts.map(({ labels }) => labels['uid'])).size, 2);
    assert.match(first?.annotations['summary'] ?? '', /lost|bad/);
    const metrics = (await agent.get('/metrics')).body;
    assert.match(metrics, /pmemwatch_notifications_total\{receiver="am-1",outcome="delivered"\} [1-9]/);
    assert.match(metrics, /pmemwatch_notifications_total\{receiver="am-2",outcome="delivered"\} 0/);
  });
  await checks.run('Alertmanager tells both in one notification', async () => {
    await until('a notification with both', () =>
      endpoints.notifications.find(({ alerts }) => alerts.filter(({ status }) => status === 'firing').length === 2),
    );
  });
  await checks.run(
    'the alert of a shipped rule about the same is inhibited, one about another place is not',
    async () => {
      const [known] = await mediaErrors(scene);
      const labels = {
        alertname: 'PmemMediaError',
        instance: 'db07:9915',
        condition: 'media_error',
        source: 'prometheus',
      };
      const rule = (uid: string) => ({ labels: { ...labels, severity: 'critical', device: 'pmem0', uid } });
      const counting = { labels: { ...labels, alertname: 'X', severity: known?.labels['severity'] } };
      await scene.alertmanager.post([rule(known?.labels['uid'] ?? ''), rule('ffffffffffff'), counting]);
      await until('both are judged', async () => {
        const alerts = (await scene.alertmanager.alerts()).filter((alert) => alert.labels['source'] === 'prometheus');
        const states = alerts.map((alert) => `${alert.labels['uid'] ?? ''} ${alert.status.state}`).sort();
        return (
          states.join() ===
            [' suppressed', 'ffffffffffff active', `${known?.labels['uid']} suppressed`].sort().join() || undefined
        );
      });
    },
  );
  await checks.run('PagerDuty has an alert for each incident, Slack and the webhook a message', async () => {
    await until('all have come', () => {
      const keys = new Set(endpoints.pagerduty.map(({ dedup_key }) => dedup_key));
      const opened = endpoints.webhook.filter(({ type }) => type === 'pmem.incident.opened');
      return (keys.size === 2 && endpoints.slack.length >= 2 && opened.length === 2) || undefined;
    });
    const ids = new Set(endpoints.webhook.map(({ incident }) => incident));
    assert.deepEqual(new Set(endpoints.pagerduty.map(({ dedup_key }) => dedup_key)), ids);
    assert.deepEqual(endpoints.refused, []);
  });
}

async function checkStanding(checks: Checks, scene: Scene): Promise<void> {
  const before = await bothDevices(scene);
  await checks.run('an Alertmanager that lost everything has the alerts again within a minute', async () => {
    await scene.alertmanager.stop();
    scene.alertmanager = await startAlertmanager(scene.endpoints.url, scene.amPort);
    const again = await bothDevices(scene, RESENT_MS);
    assert.deepEqual(again.map(({ startsAt }) => startsAt).sort(), before.map(({ startsAt }) => startsAt).sort());
    const lives = again.map(({ endsAt }) => Date.parse(endsAt) - Date.now());
    for (const ms of lives) assert.ok(ms > 13 * 60_000 && ms <= 15 * 60_000, `lives for ${ms} ms more`);
  });
  await checks.run('an agent that was killed tells at its start what stands, as the same alerts', async () => {
    const former = await bothDevices(scene);
    await scene.agent.kill('SIGKILL');
    scene.agent = await restart(scene);
    const fresh = await within(20_000, 'they are sent again', async () => {
      const alerts = await mediaErrors(scene);
      return alerts.every(({ endsAt }, i) => endsAt > (former[i]?.endsAt ?? '')) ? alerts : undefined;
    });
    assert.deepEqual(
      fresh.map(({ labels }) => labels),
      former.map(({ labels }) => labels),
    );
    assert.deepEqual(
      fresh.map(({ startsAt }) => startsAt),
      former.map(({ startsAt }) => startsAt),
    );
  });
  await checks.run('nobody was told of an end meanwhile', () => {
    assert.deepEqual(
      scene.endpoints.notifications.filter(({ status }) => status === 'resolved'),
      [],
    );
    assert.deepEqual(
      scene.endpoints.pagerduty.filter(({ event_action }) => event_action !== 'trigger'),
      [],
    );
  });
}

async function checkEnd(checks: Checks, scene: Scene): Promise<void> {
  const { endpoints, host } = scene;
  await checks.run('a test reaches each receiver that is up', async () => {
    for (const name of ['am-1', 'pager', 'chat', 'hook']) {
      const { status, body } = await scene.agent.post(`/api/v1/receivers/${name}/test`, { author: 'ann' });
      assert.equal(status, 200, `${name}: ${status} ${body}`);
      assert.match(body, /"delivered":true/, name);
    }
    assert.ok((await scene.alertmanager.alerts()).some(({ labels }) => labels['alertname'] === 'PmemwatchTest'));
  });
  await checks.run('when the ranges are clear everything is resolved, once, under the same names', async () => {
    host.setBadBlocks('pmem0', '', { name: 'region0', list: '' });
    host.setBadBlocks('pmem1', '', { name: 'region1', list: '' });
    await within(
      30_000,
      'Alertmanager has no alert left',
      async () => (await mediaErrors(scene)).length === 0 || undefined,
    );
    const resolved = await until('Alertmanager tells the end', () =>
      endpoints.notifications.find(({ status, alerts }) => status === 'resolved' && alerts.length === 2),
    );
    assert.ok(resolved.alerts.every(({ labels }) => labels['source'] === 'agent'));
    await until(
      'PagerDuty has both ends',
      () => endpoints.pagerduty.filter(({ event_action }) => event_action === 'resolve').length === 2 || undefined,
    );
    const keysOf = (action: string): string[] =>
      endpoints.pagerduty
        .filter(({ event_action: a, dedup_key: k }) => a === action && !k.startsWith('test-'))
        .map(({ dedup_key }) => dedup_key);
    assert.deepEqual(new Set(keysOf('resolve')), new Set(keysOf('trigger')));
    await until(
      'Slack has both ends',
      () => endpoints.slack.filter(({ text }) => text.startsWith('RESOLVED')).length === 2 || undefined,
    );
    assert.deepEqual(endpoints.refused, []);
  });
}

async function checkSecrets(checks: Checks, scene: Scene, logs: readonly string[]): Promise<void> {
  await checks.run('no secret is in the log, the metrics, the history or any answer of the API', async () => {
    const { agent } = scene;
    const { paths } = (await agent.json('/openapi.json')) as { paths: Record<string, { get?: object }> };
    const asked = Object.keys(paths).filter((path) => paths[path]?.get !== undefined && !/[{]|stream/.test(path));
    assert.ok(asked.length > 8, `only ${asked.length} routes were found`);
    for (const path of [...asked, '/metrics', '/', '/openapi.json']) {
      assert.doesNotMatch((await agent.get(path)).body, /SECRET/, path);
    }
    for (const log of [...logs, agent.log()]) assert.doesNotMatch(log, /SECRET/);
    // an address is not told either: it may hold a token where nobody expects one
    for (const log of [...logs, agent.log()]) assert.ok(!log.includes(scene.endpoints.url), 'the log names an address');
  });
}

let configuration = '';
const restart = (scene: Pick<Scene, 'folder' | 'host'>): Promise<Agent> =>
  startAgent(scene.folder, scene.host, configuration);

const checks = createChecks();
if (program === undefined) {
  checks.skip('everything here', 'Alertmanager is not installed (Debian: apt-get install prometheus-alertmanager)');
} else {
  process.env['TEST_ROUTING_KEY'] = secrets.routingKey;
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-alerting-'));
  chmodSync(folder, 0o777);
  const host = layHost(join(folder, 'host'), 'qemu-mce');
  const endpoints = await startEndpoints(secrets);
  const closers = [() => rmSync(folder, { recursive: true, force: true }), endpoints.close];
  try {
    const amPort = await freePort();
    configuration = configOf(folder, endpoints.url, amPort, await freePort());
    const alertmanager = await startAlertmanager(endpoints.url, amPort);
    const scene: Scene = { folder, host, endpoints, amPort, alertmanager, agent: await restart({ folder, host }) };
    closers.push(async () => {
      await scene.agent.kill('SIGTERM');
      await scene.alertmanager.stop();
    });
    await checkOpening(checks, scene);
    const before = scene.agent.log();
    await checkStanding(checks, scene);
    await checkEnd(checks, scene);
    await checkSecrets(checks, scene, [before]);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
process.exit(checks.finish());
