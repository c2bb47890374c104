import { type Static, Type } from 'typebox';
import { type DeliveryRecord, deadLetters, deliveryStatuses } from '../../model/outbox.ts';
import { emptyBody, operateScope, said } from './asking.ts';
import { answerIfChanged } from './etag.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, listOf, nullable, problems, time, timeOf, timeOrNull } from './schemas.ts';

const deliverySchema = Type.Object(
  {
    id: Type.String({ description: 'names it in this API; the newest is the highest' }),
    receiver: Type.String(),
    message: Type.String({
      description: 'id of the message, as the receiver gets it: no retry and no replay changes it',
    }),
    type: Type.String({ description: 'such as pmem.incident.opened' }),
    incident: Type.String(),
    condition: Type.String(),
    severity: Type.String(),
    status: Type.Enum([...deliveryStatuses], {
      description:
        'rejected (the receiver refused it) and expired (tried for as long as is configured) are dead letters; filtered: the receiver does not want such, or there was nothing to say when its turn came; merged: told with a later message',
    }),
    attempts: Type.Integer({ description: 'since it was last asked for' }),
    createdAt: time,
    firstAttemptAt: nullable(time),
    lastAttemptAt: nullable(time),
    finishedAt: nullable(time),
    replayedAt: nullable(Type.String({ format: 'date-time', description: 'when somebody asked for it again' })),
    reason: nullable(Type.String({ description: 'why the last attempt failed, with what the receiver said' })),
    mergedInto: nullable(Type.String({ description: 'id of the message that has its content' })),
  },
  { ...closed, title: 'Delivery' },
);
const query = Type.Object(
  {
    receiver: Type.Optional(Type.String({ maxLength: 64 })),
    incident: Type.Optional(Type.String({ maxLength: 64 })),
    status: Type.Optional(Type.Enum([...deliveryStatuses, 'dead'], { description: 'dead: rejected or expired' })),
    after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: '`next` of the page before' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  },
  closed,
);
const replayedSchema = Type.Object({ replayed: Type.Integer({ description: 'how many wait to be sent now' }) }, closed);
const replayBody = Type.Object(said, { ...closed, examples: [{ author: 'ada', reason: 'the receiver is back' }] });

/** What was told to whom. */
export const deliveriesRoute: HttpRoute = {
  name: 'deliveries',
  register(app, { deliveries, access, historyVersion, view }) {
    app.get(
      '/api/v1/deliveries',
      {
        schema: {
          operationId: 'listDeliveries',
          summary: 'What was told to whom, the newest first',
          description:
            'Without a token of scope read, over TCP, without reasons: receivers may repeat file names in them.',
          tags: ['deliveries'],
          querystring: query,
          response: answersOf(listOf(deliverySchema)),
        },
        preHandler: (request, reply) =>
          answerIfChanged(request, reply, [access.mayRead(request.raw), deliveries.complete(), historyVersion()]),
      },
      async (request) => {
        const named = access.mayRead(request.raw);
        const { status, after, limit = 100, ...only } = request.query;
        const statuses = status === undefined ? undefined : status === 'dead' ? deadLetters : [status];
        const asked = {
          ...only,
          ...(statuses === undefined ? {} : { statuses }),
          ...(after === undefined ? {} : { before: Number(after) }),
        };
        // one more than the page shows whether there is another
        const found = await deliveries.list({ ...asked, limit: limit + 1 }).catch(unreadable);
        const items = found.slice(0, limit);
        return {
          items: items.map((record) => deliveryJson(record, named)),
          next: found.length > limit ? String(items.at(-1)?.sequence) : null,
          complete: deliveries.complete(),
          readAt: timeOf(view().state.at),
        };
      },
    );
    app.post(
      '/api/v1/deliveries/:id/replay',
      {
        schema: {
          operationId: 'replayDelivery',
          summary: 'Send a delivery again that has ended, under the id of its message',
          description: `${operateScope.note} The receiver's filters do not hold it back. 409 while it waits to be sent anyway.`,
          security: operateScope.security,
          tags: ['deliveries'],
          params: Type.Object({ id: Type.String({ pattern: '^[0-9]{1,15}$' }) }, closed),
          body: replayBody,
          response: { 202: replayedSchema, ...problems },
        },
        preValidation: emptyBody,
      },
      async (request, reply) => {
        const via = access.operator(request.raw);
        const { author = via, reason = '' } = request.body;
        const asker = { author, reason, via };
        const answer = await deliveries.replay(Number(request.params.id), asker).catch(unwritable);
        if (answer.kind === 'not-found') throw new HttpProblem(404, 'No delivery has this id.');
        if (answer.kind === 'refused') throw new HttpProblem(409, `Not sent again: ${answer.reason}.`);
        reply.code(202);
        return { replayed: answer.count };
      },
    );
    app.post(
      '/api/v1/receivers/:name/replay',
      {
        schema: {
          operationId: 'replayDeadLetters',
          summary: 'Send the dead letters of a receiver again, the oldest first',
          description: `${operateScope.note} At most 500 at once: ask again until it answers 0.`,
          security: operateScope.security,
          tags: ['deliveries'],
          params: Type.Object({ name: Type.String() }, closed),
          body: replayBody,
          response: { 202: replayedSchema, ...problems },
        },
        preValidation: emptyBody,
      },
      async (request, reply) => {
        const via = access.operator(request.raw);
        const { author = via, reason = '' } = request.body;
        const answer = await deliveries.replayDead(request.params.name, { author, reason, via }).catch(unwritable);
        if (answer.kind !== 'done') throw new HttpProblem(404, 'No receiver has this name in the configuration.');
        reply.code(202);
        return { replayed: answer.count };
      },
    );
  },
};

function unreadable(cause: unknown): never {
  const advice = 'The deliveries cannot be read now: see pmemwatch_store_writable and the log.';
  throw new HttpProblem(503, advice, {}, cause);
}
function unwritable(cause: unknown): never {
  throw new HttpProblem(503, 'The state file cannot be written now, so nothing is sent again: see the log.', {}, cause);
}

export function deliveryJson(record: DeliveryRecord, named: boolean): Static<typeof deliverySchema> {
  return {
    id: String(record.sequence),
    receiver: record.receiver,
    message: record.noticeId,
    type: `pmem.incident.${record.type}`,
    incident: record.incident,
    condition: record.condition,
    severity: record.severity,
    status: record.status,
    attempts: record.attempts,
    createdAt: timeOf(record.createdAt),
    firstAttemptAt: timeOrNull(record.firstAttemptAt),
    lastAttemptAt: timeOrNull(record.lastAttemptAt),
    finishedAt: timeOrNull(record.finishedAt),
    replayedAt: timeOrNull(record.replayedAt),
    reason: named ? record.reason : null,
    mergedInto: record.mergedInto,
  };
}
