import type { ServerResponse } from 'node:http';
import { Type } from 'typebox';
import { isUnderWay } from '../../model/scrub.ts';
import { eventJson, isForgotten } from './events.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute, RouteContext } from './route.ts';
import { closed, problems } from './schemas.ts';
import { scrubJson } from './scrubs.ts';

const PAGE = 200;
const MOST_STREAMS = 32;
/** A proxy that has seen nothing for a minute cuts the connection. */
const KEEP_ALIVE_MS = 15_000;
/** Nothing more is read for one who has this much to take; what he missed he gets by the id of the last event he has. */
const MOST_UNSENT_BYTES = 256 * 1024;

/** How long one may take nothing. */
const STALLED_MS = 30_000;

/** Where the frames of one connection go (HTML standard, server-sent events). */
export interface EventSink {
  write(text: string): void;
  /** what was written and not taken yet */
  readonly unsentBytes: number;
  /** Settles when it was taken; `ms` at most. */
  drained(ms: number): Promise<void>;
  /** Ends the connection at once. */
  end(): void;
}

/**
 * The history as it grows, each event once and in order: those after `lastId` first, which are read from the store. What runs is told
 * besides, without an id: it is no part of the history.
 */
export function streamEvents(
  { events, view, onPass }: Pick<RouteContext, 'events' | 'view' | 'onPass'>,
  options: { readonly lastId: number; readonly named: boolean },
  sink: EventSink,
): () => void {
  let { lastId } = options;
  let isPumping = false;
  let again = false;
  let stopped = false;

  async function pump(): Promise<void> {
    again = true;
    if (isPumping) return;
    isPumping = true;
    while (again && !stopped) {
      again = false;
      await sendNews().catch(() => sink.write(': the history cannot be read now\n\n'));
      if (!stopped) sendProgress();
    }
    isPumping = false;
  }
  async function sendNews(): Promise<void> {
    for (;;) {
      const { items, next } = await events(lastId, PAGE);
      if (stopped) return;
      for (const event of items) {
        lastId = event.id;
        sink.write(
          `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(eventJson(event, options.named))}\n\n`,
        );
      }
      if (sink.unsentBytes > MOST_UNSENT_BYTES) await sink.drained(STALLED_MS);
      if (sink.unsentBytes > MOST_UNSENT_BYTES) stop();
      if (stopped || next === null || items.length === 0) return;
    }
  }
  function sendProgress(): void {
    const { state } = view();
    for (const { runs } of state.scrubs.values()) {
      for (const run of runs.filter(isUnderWay)) {
        sink.write(`event: scrub.progress\ndata: ${JSON.stringify(scrubJson(run, state.at))}\n\n`);
      }
    }
  }
  function stop(): void {
    if (stopped) return;
    stopped = true;
    unfollow();
    clearInterval(keepAlive);
    sink.end();
  }
  const unfollow = onPass(() => void pump());
  const keepAlive = setInterval(() => sink.write(': still here\n\n'), KEEP_ALIVE_MS);
  keepAlive.unref();
  void pump();
  return stop;
}

export const eventStreamRoute: HttpRoute = {
  name: 'event-stream',
  register(app, context) {
    const { access, newestEventId, firstKeptEventId, streams } = context;
    app.get(
      '/api/v1/events/stream',
      {
        schema: {
          operationId: 'streamEvents',
          summary: 'The history as it grows (server-sent events), and the progress of scrubs',
          description:
            'With `Last-Event-ID`, or `after`, what came since comes first; without, only what comes from now on. `scrub.progress` has no id: it is no part of the history. Nor has `history.forgotten`, which comes first where events after the given one are gone, by the retention or with the state file: look at the state itself then. Without a token of scope read, over TCP, events come without data.',
          tags: ['incidents'],
          produces: ['text/event-stream'],
          querystring: Type.Object(
            {
              after: Type.Optional(
                Type.String({ pattern: '^[0-9]{1,15}$', description: 'as `Last-Event-ID`, which wins' }),
              ),
            },
            closed,
          ),
          response: { 200: Type.String(), ...problems },
        },
      },
      async (request, reply) => {
        if (streams.size >= MOST_STREAMS) {
          throw new HttpProblem(503, `${MOST_STREAMS} streams are open already: close some, or ask /api/v1/events.`);
        }
        const given = request.headers['last-event-id'] ?? request.query.after ?? String(newestEventId());
        if (typeof given !== 'string' || !/^\d{1,15}$/.test(given)) {
          throw new HttpProblem(400, 'Last-Event-ID is no id of an event: leave it out to get what comes from now on.');
        }
        // a state file that was made anew counts from 1: all it has is news to who has an id that it has not reached yet
        const newest = newestEventId();
        const firstKept = firstKeptEventId();
        const forgotten = isForgotten(given, firstKept, newest);
        const last = Number(given) > newest ? 0 : Number(given);
        const named = access.mayRead(request.raw);
        const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
        reply.hijack();
        const { raw } = reply;
        raw.writeHead(200, headers as Record<string, string>);
        if (request.method === 'HEAD') return void raw.end();
        raw.write(': pmemwatch events\n\n');
        if (forgotten) {
          raw.write(`event: history.forgotten\ndata: ${JSON.stringify({ after: Number(given), firstKept })}\n\n`);
        }
        const stop = streamEvents(
          context,
          { lastId: last, named },
          {
            write: (text) => void raw.write(text),
            get unsentBytes() {
              return raw.writableLength;
            },
            drained: (ms) => drained(raw, ms),
            end() {
              streams.delete(stop);
              // who takes nothing would not take the end either
              if (raw.writableLength > 0) raw.destroy();
              else raw.end();
            },
          },
        );
        streams.add(stop);
        raw.on('close', stop);
      },
    );
  },
};

function drained(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      response.off('drain', end).off('close', end);
      done();
    }
    response.on('drain', end).on('close', end);
  });
}
