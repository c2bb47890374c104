import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../../src/model/message.ts';
import { type Agent, startAgent } from '../../e2e/agent-process.ts';
import { type Received, type Receiver, startReceiver } from '../../e2e/receiver.ts';
import { until } from './wait.ts';

/** The whole agent on this guest's kernel, and the receiver that it tells. */
export interface Watching {
  readonly agent: Agent;
  readonly receiver: Receiver;
  /** The first message, from now or before, that this is true of. */
  message(what: string, isIt: (message: Message) => boolean, withinMs?: number): Promise<Received>;
  /** Types of the messages about media errors, in the order they came. */
  mediaMessages(): string[];
  /** Items of a list of the API, asked over the socket, where file names are shown. */
  items<T>(path: string): Promise<T[]>;
  metrics(): Promise<string>;
  /** SIGKILL to all of its processes at once, as when the machine goes down. */
  killHard(): Promise<void>;
}

export interface WatchingOptions {
  /** where configuration, state and socket are; a folder that outlives the boot for a test that reboots */
  readonly folder?: string;
  readonly deviceDeadline?: string;
}

/** Kernel notifications are the only trigger here: with an hour between polls nothing else can be in time. */
export async function startWatching(t: TestContext, options: WatchingOptions = {}): Promise<Watching> {
  const { folder = '/tmp/agent', deviceDeadline = '30s' } = options;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777); // the listening half is an ordinary user
  const receiver = await startReceiver();
  const config = [
    `poll: { bad_blocks: 1h, device_deadline: ${deviceDeadline} }`,
    'notify: { group_wait: 0s }',
    `receivers: [{ name: hook, type: webhook, url: "${receiver.url}" }]`,
  ];
  const started = performance.now();
  const agent = await startAgent(folder, { sysfs: '/sys', procfs: '/proc', dev: '/dev' }, config.join('\n'));
  t.diagnostic(`agent ready after ${Math.round(performance.now() - started)} ms`);
  const pid = agent.child.pid ?? 0;
  t.after(async () => {
    if (!hasPassed(t)) report(agent, receiver);
    killTree(pid);
    await receiver.close();
  });
  return {
    agent,
    receiver,
    message: (what, isIt, withinMs) =>
      until(what, () => receiver.received.find(({ message }) => isIt(message)), withinMs),
    mediaMessages: () =>
      receiver.received
        .filter(({ message }) => message.condition === 'media_error')
        .map(({ message }) => message.type.replace('pmem.incident.', '')),
    items: async <T>(path: string) => ((await agent.json(path)) as { readonly items: T[] }).items,
    metrics: async () => (await agent.get('/metrics')).body,
    killHard: async () => {
      killTree(pid);
      await until('the agent is gone', () => agent.child.exitCode !== null || agent.child.signalCode !== null);
    },
  };
}

/** Long enough for a message that must not come. */
export function quiet(): Promise<void> {
  return sleep(5_000);
}

/** The value of the one sample with this name and this text among its labels. */
export function sample(metrics: string, name: string, label: string): number | undefined {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(label));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** Node has it since 21.7, its types do not. */
function hasPassed(t: TestContext): boolean {
  return 'passed' in t && t.passed === true;
}

function report(agent: Agent, receiver: Receiver): void {
  console.log('--- messages that arrived');
  for (const { raw } of receiver.received) console.log(raw);
  console.log("--- the agent's log");
  console.log(agent.log());
}

function killTree(pid: number): void {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [pid];
  for (const each of all) all.push(...(children.get(each) ?? [])); // grows while it is walked: down to the leaves
  for (const each of all) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // ended by itself in the meantime
    }
  }
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined; // ended between the listing and the reading
  }
}
