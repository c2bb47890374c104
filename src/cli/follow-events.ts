import { setTimeout as sleep } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { AgentError } from '../model/errors.ts';
import type { AgentApi } from './agent-api.ts';
import { notAnAgent } from './agent-connection.ts';
import { isUnmet, unreachable } from './agent-trouble.ts';
import type { CommandContext } from './command.ts';
import type { EventItem } from './events.ts';
import { printable } from './print.ts';

const PATH = '/api/v1/events/stream';
/** The agent says every 15 s that it is still there. */
const SILENCE_MS = 45_000;
/** Between two attempts to reach an agent that is gone: from the first to the last of these. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 5_000] as const;

/**
 * The history as it grows (server-sent events), after the event `lastId`, until the signal: each event once and in order. Where
 * the connection ends it is made again, with the id of the last event that was told; also the first one, since who asks has had the
 * past from the agent a moment ago.
 * @throws AgentError when it cannot be had at all, since the agent refuses it
 */
export async function followEvents(
  api: AgentApi,
  lastId: number,
  context: CommandContext,
  tell: (event: EventItem) => void,
): Promise<void> {
  const { signal } = context;
  let last = lastId;
  let failures = 0;
  const say = (text: string): void => void context.stderr.write(`pmemwatch events: ${printable(text)}\n`);
  while (!signal.aborted) {
    try {
      const answer = await api.follow(PATH, { accept: 'text/event-stream', 'last-event-id': String(last) }, SILENCE_MS);
      if (!/^text\/event-stream/.test(answer.headers['content-type'] ?? '')) throw notAnAgent(api.connection, PATH);
      if (failures > 1) say('the agent is back');
      failures = 0;
      // what is written to a terminal that nobody reads waits here, not in memory
      for await (const event of eventsIn(answer)) {
        const { id } = event;
        if (id === undefined || !/^\d{1,15}$/.test(id)) continue;
        last = Number(id);
        tell(parsed(event, api));
      }
      throw unreachable(api.connection, new Error('the agent has ended it'));
    } catch (error) {
      if (signal.aborted) return;
      const found = error instanceof AgentError ? error : unreachable(api.connection, error);
      if (!mayPass(found)) throw found;
      // one that is made again at once, as when a proxy has cut it, is nothing to tell
      if (failures === 1) say(`${api.connection.name} is gone: waiting for the agent; Ctrl-C ends this`);
      const pause = PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)] ?? 0;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether the same question may be answered a little later: a restart, a proxy without its server, too many at once. */
function mayPass(error: AgentError): boolean {
  if (isUnmet(error) || error.context['silent'] === true) return true;
  const { status } = error.context;
  return status === 429 || (typeof status === 'number' && status >= 500);
}

function parsed(event: EventSourceMessage, api: AgentApi): EventItem {
  try {
    return JSON.parse(event.data) as EventItem;
  } catch {
    throw notAnAgent(api.connection, PATH);
  }
}

async function* eventsIn(answer: AsyncIterable<Buffer>): AsyncGenerator<EventSourceMessage> {
  const found: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => found.push(event) });
  const text = new TextDecoder();
  for await (const chunk of answer) {
    parser.feed(text.decode(chunk, { stream: true }));
    yield* found.splice(0);
  }
}
