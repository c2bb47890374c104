/** What is shipped to run the agent says what the program does. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TSchema, Type } from 'typebox';
import { agentFlags } from '../../src/config/flags.ts';
import { configSchema } from '../../src/config/keys.ts';
import { defaultConfig, parseConfig } from '../../src/config/schema.ts';
import { PROBE_SOCKET } from '../../src/linux/platform.ts';
import { blindSpots } from '../../src/linux/probe/capabilities.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
function settings(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, key = '', value = ''] of read(`deploy/systemd/${unit}`).matchAll(/^(\w+)=(.*)$/gm)) {
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}
const agent = settings('pmemwatch.service');
const probe = settings('pmemwatch-probe@.service');
const socket = settings('pmemwatch-probe.socket');

test('the example configuration is valid and changes nothing', () => {
  const parsed = parseConfig(read('deploy/pmemwatch.example.yml'));
  assert.ok('config' in parsed, JSON.stringify(parsed));
  // schedules are made from their text, anew each time
  assert.equal(JSON.stringify(parsed.config), JSON.stringify(defaultConfig()));
});

test('the example configuration stays valid when its examples are put in force', () => {
  const text = read('deploy/pmemwatch.example.yml')
    .replace('receivers: []\n', 'receivers:\n')
    .replace('tokens: []\n', 'tokens:\n')
    .replace(/^#( {2,}(?:- name|[a-z_]+: ).*)$/gm, '$1')
    // of those that exclude each other, the first
    .replace(/(?<=^ +url: .*\n) +url_file:.*\n +url_env:.*\n/m, '')
    .replace(/^ +secret_env:.*\n/m, '');
  const parsed = parseConfig(text);
  assert.ok('config' in parsed, JSON.stringify(parsed));
  assert.deepEqual(
    parsed.config.receivers.map(({ type }) => type),
    ['webhook', 'alertmanager', 'pagerduty', 'slack'],
  );
  assert.equal(parsed.config.api.tokens.length, 1);
});

test('the example configuration tells every key', () => {
  const text = read('deploy/pmemwatch.example.yml');
  const keysOf = (schema: TSchema): string[] => {
    if (Type.IsArray(schema)) return keysOf(schema.items);
    if (!Type.IsObject(schema)) return [];
    return Object.entries<TSchema>(schema.properties).flatMap(([key, each]) => [key, ...keysOf(each)]);
  };
  for (const key of keysOf(configSchema)) assert.match(text, new RegExp(`\\b${key}\\b`), `${key} is missing`);
});

test('the unit of the agent gives it no capability and no device', () => {
  assert.deepEqual(agent.get('CapabilityBoundingSet'), ['']);
  assert.deepEqual(agent.get('AmbientCapabilities'), ['']);
  assert.deepEqual(agent.get('User'), ['pmemwatch']);
  assert.deepEqual(agent.get('DevicePolicy'), ['closed']);
  assert.equal(agent.get('DeviceAllow'), undefined);
});

test('the unit of the probe lets it see everything, by capabilities of which none is spare and each has its reason', () => {
  const wanted = probe.get('CapabilityBoundingSet')?.join(' ').split(' ') ?? [];
  assert.deepEqual(probe.get('User'), ['root']);
  assert.deepEqual(blindSpots(wanted, true), []);
  for (const name of wanted) {
    const others = wanted.filter((each) => each !== name);
    assert.notDeepEqual(blindSpots(others, true), [], `nothing is missed without ${name}`);
  }
  const text = read('deploy/systemd/pmemwatch-probe@.service');
  for (const name of wanted) assert.match(text, new RegExp(`^# ${name}: \\w+`, 'm'), `${name} has no reason`);
  assert.deepEqual(probe.get('PrivateNetwork'), ['yes']);
  for (const rule of probe.get('DeviceAllow') ?? []) {
    if (rule.startsWith('block-')) assert.match(rule, / r$/, 'a block device is never open for writing');
  }
});

test('the probe is started for each connection on the socket that the agent looks for', () => {
  assert.deepEqual(socket.get('ListenStream'), [PROBE_SOCKET]);
  assert.deepEqual(socket.get('Accept'), ['yes']);
  assert.deepEqual(probe.get('StandardInput'), ['socket']);
});

test('the sockets that systemd may hold for the agent are those that it would open itself', () => {
  const held = settings('pmemwatch.socket');
  const listen = agentFlags.find(({ name }) => name === 'web.listen-address')?.default;
  assert.deepEqual(held.get('ListenStream'), [listen, defaultConfig().api.socket]);
  assert.deepEqual([held.get('SocketMode'), held.get('SocketGroup')], [['0660'], ['pmemwatch']]);
  assert.equal(held.get('Accept'), undefined, 'one agent takes all connections');
});

test('every shipped command line keeps the debugger closed', () => {
  const program = /^exec .*$/m.exec(read('deploy/package/files/pmemwatch'));
  const lines = [...(agent.get('ExecStart') ?? []), ...(probe.get('ExecStart') ?? []), ...(program ?? [])];
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, /\/node"? --disable-sigusr1 /);
  assert.match(read('Dockerfile'), /^ENTRYPOINT \["\/usr\/bin\/pmemwatch"\]$/m);
});

test('the folder of the sockets and the user of the units are made by what is shipped', () => {
  assert.deepEqual(readdirSync(join(root, 'deploy/systemd')).sort(), [
    'pmemwatch-probe.socket',
    'pmemwatch-probe@.service',
    'pmemwatch.service',
    'pmemwatch.socket',
    'pmemwatch.sysusers.conf',
    'pmemwatch.tmpfiles.conf',
  ]);
  assert.match(read('deploy/systemd/pmemwatch.tmpfiles.conf'), /^d \/run\/pmemwatch 0750 pmemwatch pmemwatch -$/m);
  assert.match(read('deploy/systemd/pmemwatch.sysusers.conf'), /^u pmemwatch - /m);
});
