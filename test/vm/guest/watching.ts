import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../../src/model/message.ts';

import { type Received, type Receiver, startReceiver } from '../../e2e/receiver.ts';
import { type Agent, startAgent } from './agent.ts';
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
}

export interface WatchingOptions {
  /** where configuration, state and socket are; a folder that outlives the boot for a test that reboots */
  readonly folder?: string;
  readonly deviceDeadline?: string;
  /** more keys of `poll` */
  readonly poll?: string;
  /** more lines of the configuration */
  readonly config?: readonly string[];
}

/** Kernel notifications are the only trigger here: with an hour between polls nothing else can be in time. */
export async function startWatching(t: TestContext, options: WatchingOptions = {}): Promise<Watching> {
  const { folder = '/tmp/agent', deviceDeadline = '30s', poll } = options;
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const config = [
    `poll: { bad_blocks: 1h, device_deadline: ${deviceDeadline}${poll === undefined ? '' : `, ${poll}`} }`,
    'notify: { group_wait: 0s }',
    `receivers: [{ name: hook, type: webhook, url: "${receiver.url}" }]`,
    ...(options.config ?? []),
  ];
  const agent = startAgent(folder, config.join('\n'));
  t.after(() => {
    if (!hasPassed(t)) report(agent, receiver);
    agent.killHard();
  });
  const started = performance.now();
  await agent.ready();
  t.diagnostic(`agent ready after ${Math.round(performance.now() - started)} ms`);
  return {
    agent,
    receiver,
    message: (what, isIt, withinMs) =>
      until(what, () => receiver.received.find(({ message }) => isIt(message)), withinMs),
    mediaMessages: () =>
      receiver.received
        .filter(({ message }) => message.condition === 'media_error')
        .map(({ message }) => message.type.replace('pmem.incident.', '')),
    items: async <T>(path: string) => (JSON.parse(await agent.get(path)) as { readonly items: T[] }).items,
    metrics: () => agent.get('/metrics'),
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
