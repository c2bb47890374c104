import { type Static, Type } from 'typebox';
import { isUnderWay, type ScrubRefusal, type ScrubRun, scrubKeyOf, whyNoScrub } from '../../model/scrub.ts';
import type { Bus } from '../../model/topology.ts';
import type { View } from '../view.ts';
import { emptyBody, operateScope, said } from './asking.ts';
import { answerIfChanged } from './etag.ts';
import { type Listing, pageOf, pageQuery, sorted } from './paging.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, nullable, problems, time, timeOf, timeOrNull } from './schemas.ts';

const runSchema = Type.Object(
  {
    id: Type.String(),
    bus: Type.String({ description: 'kernel name at the time' }),
    status: Type.Enum(['requested', 'running', 'reading', 'completed', 'failed', 'interrupted'], {
      description:
        'reading: the kernel is through, the lists of the bus are read once more; interrupted: the machine was restarted, or the bus went away',
    }),
    type: Type.Enum(['long', 'unknown'], {
      description: 'long: everything is searched, since the agent asked for it; unknown: it may be a short one',
    }),
    requestedBy: nullable(
      Type.Object(
        { author: Type.String(), via: Type.String(), reason: Type.String(), due: nullable(time) },
        { ...closed, description: 'null: started by somebody else (boot, ndctl, hw_error_scrub)' },
      ),
    ),
    requestedAt: time,
    startedAt: nullable(time),
    endedAt: nullable(time),
    durationSeconds: nullable(Type.Number({ description: 'until now, while it runs' })),
    countBefore: nullable(Type.Integer({ description: 'scrubs that the kernel counted as completed' })),
    countAfter: nullable(Type.Integer()),
    overDeadline: Type.Boolean(),
    foundRanges: Type.Integer({ description: 'bad ranges that came into the lists of the bus meanwhile' }),
    foundBytes: Type.Integer(),
    reason: nullable(
      Type.String({ description: 'why it failed, why its type is not known, or of which regions it proves nothing' }),
    ),
  },
  { ...closed, title: 'Scrub' },
);
const busSchema = Type.Object(
  {
    bus: Type.String(),
    supported: Type.Boolean(),
    canStart: Type.Boolean({ description: 'whether the agent may start one' }),
    reason: nullable(Type.String({ description: 'why not' })),
    inProgress: nullable(Type.Boolean({ description: 'null: not known' })),
    hwErrorScrub: nullable(Type.Boolean({ description: 'whether a machine check makes the kernel start one' })),
    completed: nullable(Type.Integer({ description: 'seen to end since the bus was first watched' })),
    lastCompletedAt: nullable(time),
    lastFullAt: nullable(Type.String({ format: 'date-time', description: 'the last one that searched everything' })),
    nextDueAt: nullable(Type.String({ format: 'date-time', description: 'by the schedule, with its jitter' })),
  },
  { ...closed, title: 'ScrubBus' },
);
const listSchema = Type.Object(
  {
    items: Type.Array(runSchema, { description: 'the newest first' }),
    next: nullable(Type.String({ description: 'pass as `after` to get the next page; null on the last' })),
    complete: Type.Boolean(),
    readAt: nullable(time),
    buses: Type.Array(busSchema),
  },
  closed,
);
const startedSchema = Type.Object(
  {
    items: Type.Array(runSchema, { description: 'what was asked for; follow each by its id' }),
    refused: Type.Array(Type.Object({ bus: Type.String(), reason: Type.String() }, closed)),
  },
  closed,
);
const body = Type.Object(
  {
    ...said,
    bus: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'such as ndbus0; every bus that can unless given' }),
    ),
  },
  { ...closed, examples: [{ author: 'ada', reason: 'after the move', bus: 'ndbus0' }] },
);

/** Searches for latent poison: history, state of each bus, and the way to ask for one. */
export const scrubsRoute: HttpRoute = {
  name: 'scrubs',
  register(app, { view, scrub, access }) {
    app.get(
      '/api/v1/scrubs',
      {
        schema: {
          operationId: 'listScrubs',
          summary: 'Scrubs (address range scrubs) of each bus, and what they have found',
          tags: ['scrubs'],
          querystring: Type.Object({ bus: Type.Optional(Type.String({ maxLength: 64 })), ...pageQuery }, closed),
          response: answersOf(listSchema),
        },
        preHandler: (request, reply) => {
          const { state, scrubsDue } = view();
          const { scrubs, topology, scrubReadings, inventoried, at } = state;
          const running = [...scrubs.values()].some(({ runs }) => runs.some(isUnderWay));
          const parts = [inventoried, running && at, ...scrubs.values(), ...topology.buses, ...scrubReadings];
          return answerIfChanged(request, reply, [...parts, ...[...scrubsDue].flat()]);
        },
      },
      (request) => {
        const { bus, ...query } = request.query;
        const now = view();
        const { state } = now;
        const all = [...state.scrubs.values()].flatMap(({ runs }) => runs);
        const wanted = all.filter((run) => bus === undefined || run.bus === bus);
        const { items, next } = pageOf(listing, sorted(listing, wanted), query);
        const buses = state.topology.buses.filter(({ name }) => bus === undefined || name === bus);
        return {
          items: items.map((run) => scrubJson(run, state.at)),
          next,
          complete: state.inventoried && state.scrubReadings.every((reading) => reading.state.kind === 'ok'),
          readAt: timeOrNull(state.inventoried ? state.at : null),
          buses: buses.map((each) => busJson(each, now)),
        };
      },
    );
    app.get(
      '/api/v1/scrubs/:id',
      {
        schema: {
          operationId: 'getScrub',
          summary: 'One scrub',
          tags: ['scrubs'],
          params: Type.Object({ id: Type.String() }, closed),
          response: { 200: runSchema, ...problems },
        },
      },
      (request) => {
        const { state } = view();
        for (const { runs } of state.scrubs.values()) {
          const run = runs.find(({ id }) => id === request.params.id);
          if (run !== undefined) return scrubJson(run, state.at);
        }
        throw new HttpProblem(404, 'No scrub has this id; of each bus the last hundred are kept.');
      },
    );
    app.post(
      '/api/v1/scrubs',
      {
        schema: {
          operationId: 'startScrub',
          summary: 'Ask for a scrub of one bus or of all; it runs for minutes to hours',
          description: `${operateScope.note} 409 while one runs, 501 where the bus cannot.`,
          security: operateScope.security,
          tags: ['scrubs'],
          body,
          response: { 202: startedSchema, ...problems },
        },
        preValidation: emptyBody,
      },
      async (request, reply) => {
        const via = access.operator(request.raw);
        if (!view().state.inventoried) {
          throw new HttpProblem(503, 'The first inventory is not done yet: ask again soon.');
        }
        const { author = via, reason = '', bus = null } = request.body;
        const { started, refused } = await scrub({ bus, asker: { author, via, reason } });
        const [first] = started;
        if (first === undefined) throw refusal(refused);
        reply.code(202).header('location', `/api/v1/scrubs/${first.id}`);
        const { at } = view().state;
        return {
          items: started.map((run) => scrubJson(run, at)),
          refused: refused.map((each) => ({ bus: each.bus, reason: each.reason })),
        };
      },
    );
  },
};

const statusOf: Readonly<Record<ScrubRefusal['kind'], number>> = {
  running: 409,
  'not-writable': 503,
  'unknown-bus': 404,
  unsupported: 501,
};
/** Of several reasons, the one that may pass soonest. */
function refusal(refused: readonly ScrubRefusal[]): HttpProblem {
  for (const kind of ['running', 'not-writable', 'unsupported', 'unknown-bus'] as const) {
    const alike = refused.filter((each) => each.kind === kind);
    if (alike.length === 0) continue;
    return new HttpProblem(statusOf[kind], `No scrub was started: ${alike.map(({ reason }) => reason).join('; ')}.`);
  }
  return new HttpProblem(404, 'No scrub was started: this host has no nvdimm bus.');
}

/** The newest first; the id makes it unique. */
const listing: Listing<ScrubRun> = {
  name: 'scrubs',
  keyOf: ({ requestedAt, id }) => `${String(Number.MAX_SAFE_INTEGER - requestedAt).padStart(16, '0')} ${id}`,
};

export function scrubJson(run: ScrubRun, now: number): Static<typeof runSchema> {
  const { id, bus, status, type, asker, startedAt, endedAt, countBefore, countAfter } = run;
  const until = endedAt ?? (status === 'running' ? now : null);
  return {
    id,
    bus,
    status,
    type,
    requestedBy:
      asker === null
        ? null
        : { author: asker.author, via: asker.via, reason: asker.reason, due: timeOrNull(asker.due) },
    requestedAt: timeOf(run.requestedAt),
    startedAt: timeOrNull(startedAt),
    endedAt: timeOrNull(endedAt),
    durationSeconds: startedAt === null || until === null ? null : (until - startedAt) / 1000,
    countBefore,
    countAfter,
    overDeadline: run.late,
    foundRanges: run.foundRanges,
    foundBytes: run.foundBytes,
    reason: run.reason === '' ? null : run.reason,
  };
}

function busJson(bus: Bus, { state, scrubsDue }: View): Static<typeof busSchema> {
  const key = scrubKeyOf(bus, state.topology.buses);
  const scrubs = state.scrubs.get(key);
  const reading = state.scrubReadings.find((each) => each.bus === bus.name);
  const why = whyNoScrub(bus) ?? (reading?.notWritable || undefined);
  const running = reading?.state.kind === 'ok' ? reading.state.value.running : null;
  return {
    bus: bus.name,
    supported: bus.scrubSupported,
    canStart: why === undefined,
    reason: why ?? null,
    inProgress: running,
    hwErrorScrub: bus.hwErrorScrub ?? null,
    completed: scrubs?.total ?? null,
    lastCompletedAt: timeOrNull(scrubs?.lastCompletedAt),
    lastFullAt: timeOrNull(scrubs?.lastFullAt),
    nextDueAt: timeOrNull(scrubsDue.get(key)),
  };
}
