import { type Static, Type } from 'typebox';
import { shortUid } from '../../model/topology.ts';
import type { NumberedEvent } from '../view.ts';
import { answerIfChanged } from './etag.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, listOf, nullable, time, timeOf, timeOrNull } from './schemas.ts';

const eventSchema = Type.Object(
  {
    id: Type.Integer({ description: 'rises with time' }),
    time,
    type: Type.String({ description: 'such as range.found, incident.opened' }),
    incident: nullable(Type.String()),
    uid: nullable(Type.String({ description: 'as in the metrics' })),
    device: nullable(Type.String()),
    data: Type.Record(Type.String(), Type.Unknown(), {
      description:
        '`runs` are sectors of 512 bytes on their `device`; where that is empty, of the namespace or region itself',
    }),
    dataRedacted: Type.Optional(Type.Boolean({ description: 'there is data, which a token of scope read shows' })),
  },
  { ...closed, title: 'Event' },
);

export const eventsRoute: HttpRoute = {
  name: 'events',
  register(app, { view, events, newestEventId, firstKeptEventId, historyVersion, access }) {
    app.get(
      '/api/v1/events',
      {
        schema: {
          operationId: 'listEvents',
          summary: 'The append-only history, oldest first',
          description:
            'Without a token of scope read, over TCP, events come without data, which can hold file names. `complete` is false where events after `after` are gone: older than the retention, or of a state file before this one.',
          tags: ['incidents'],
          querystring: Type.Object(
            {
              after: Type.Optional(
                Type.String({ pattern: '^[0-9]{1,15}$', description: 'id of the last event known' }),
              ),
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
            },
            closed,
          ),
          response: answersOf(listOf(eventSchema)),
        },
        preHandler: (request, reply) =>
          answerIfChanged(request, reply, [access.mayRead(request.raw), firstKeptEventId(), historyVersion()]),
      },
      async (request) => {
        const named = access.mayRead(request.raw);
        const { after = '0', limit = 100 } = request.query;
        const page = await events(Number(after), limit).catch((cause: unknown) => {
          throw new HttpProblem(
            503,
            'The history cannot be read now: see pmemwatch_store_writable and the log.',
            {},
            cause,
          );
        });
        return {
          items: page.items.map((event) => eventJson(event, named)),
          next: page.next === null ? null : String(page.next),
          complete: !isForgotten(after, firstKeptEventId(), newestEventId()),
          readAt: timeOrNull(view().state.inventoried ? view().state.at : null),
        };
      },
    );
  },
};

/**
 * Whether there may be events after this one that are not to be had: older than what is kept, or told before the state file was made anew
 * and began to count again.
 */
export function isForgotten(after: string, firstKept: number, newest: number): boolean {
  return after !== '0' && (Number(after) < firstKept - 1 || Number(after) > newest);
}

export function eventJson(event: NumberedEvent, named: boolean): Static<typeof eventSchema> {
  const { id, type, incident, uid, device, data } = event;
  const redacted = !named && Object.keys(data).length > 0;
  return {
    id,
    time: timeOf(event.time),
    type,
    incident,
    uid: uid === null ? null : shortUid(uid),
    device,
    data: named ? { ...data } : {},
    ...(redacted ? { dataRedacted: true } : {}),
  };
}
