/** What a running agent knows. */
import { messageOf } from '../../model/errors.ts';
import type { AgentApi } from '../agent-api.ts';
import { askText } from '../agent-connection.ts';
import { recentEvents } from '../events.ts';
import { type Gathered, gather } from './part.ts';

/** The newest so many of what grows without end. */
const NEWEST = 1000;
/** Of one part, all pages together. */
const DEADLINE_MS = 60_000;

const lists: readonly (readonly [name: string, about: string])[] = [
  ['devices', 'namespaces and regions, and whether their lists could be read'],
  ['dimms', 'modules, what they say of their health, and the advice that follows'],
  ['badblocks', 'bad ranges with their owners'],
  ['files', 'damaged files'],
  ['incidents', 'open and resolved incidents'],
  ['scrubs?limit=1000', 'searches of each bus'],
];

/** Nothing is asked any more once the agent has not answered at all. */
export async function agentParts(api: AgentApi, signal: AbortSignal): Promise<readonly Gathered[]> {
  const files = ['ready.txt', 'topology.json', 'metrics.prom', 'events.json', 'deliveries.json'];
  try {
    await api.get('/api/v1/topology');
  } catch (error) {
    return [...files, ...lists.map(([name]) => `${wordOf(name)}.json`)].map((file) => ({
      file: `agent/${file}`,
      why: messageOf(error),
    }));
  }
  const whole = (name: string, about: string) =>
    gather(`agent/${wordOf(name)}.json`, about, DEADLINE_MS, async () => ({
      content: await api.list(`/api/v1/${name}`),
    }));
  const one = (file: string, about: string, path: string) =>
    gather(`agent/${file}`, about, DEADLINE_MS, async () => ({ content: await api.get(path) }));
  const text = (file: string, about: string, path: string) =>
    gather(`agent/${file}`, about, DEADLINE_MS, async () => ({
      content: await askText(api.connection, { path, headers: { accept: 'text/plain' }, signal }),
    }));
  const found: Gathered[] = [
    await text('ready.txt', 'whether the agent is ready', '/-/ready'),
    await one('topology.json', 'host, buses, modules, regions, namespaces, block devices, mounts', '/api/v1/topology'),
    await text('metrics.prom', 'metrics, with the version of the agent (pmemwatch_build_info)', '/metrics'),
    await gather('agent/events.json', 'what happened', DEADLINE_MS, async () => ({
      content: await recentEvents(api, { after: 0, since: 0, limit: NEWEST }),
      note: `the newest ${NEWEST} at most`,
    })),
    await gather('agent/deliveries.json', 'what was told to whom', DEADLINE_MS, async () => ({
      content: await api.page(`/api/v1/deliveries?limit=${NEWEST}`),
      note: `the newest ${NEWEST} at most`,
    })),
  ];
  for (const [name, about] of lists) found.push(await whole(name, about));
  return found;
}

function wordOf(name: string): string {
  return name.replace(/\?.*$/, '');
}
