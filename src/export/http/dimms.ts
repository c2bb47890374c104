import { type Static, Type } from 'typebox';
import { dimmJson } from '../../model/inventory-json.ts';
import type { State } from '../../model/state.ts';
import type { Dimm } from '../../model/topology.ts';
import { adviceSchema, dimmHealthJson, dimmHealthSchema } from './dimm-health.ts';
import { answerIfChanged } from './etag.ts';
import { type Listing, pageOf, pageQuery, sorted } from './paging.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, listOf, nullable, problems, timeOrNull } from './schemas.ts';

export const dimmSchema = Type.Object(
  {
    dimm: Type.String({ description: 'the label of its series: stays with the module' }),
    name: Type.String({ description: 'kernel name now' }),
    bus: Type.String(),
    id: Type.Optional(Type.String()),
    handle: Type.Optional(Type.Integer()),
    physicalId: Type.Optional(Type.Integer()),
    serial: Type.Optional(Type.String()),
    vendor: Type.Optional(Type.String()),
    family: Type.Optional(Type.String()),
    locator: Type.Optional(Type.String({ description: 'slot, from SMBIOS' })),
    partNumber: Type.Optional(Type.String()),
    flags: Type.Array(Type.String()),
  },
  { ...closed, title: 'Dimm' },
);

const dimmWithHealthSchema = Type.Object(
  { ...dimmSchema.properties, health: nullable(dimmHealthSchema), advice: nullable(adviceSchema) },
  { ...closed, title: 'DimmWithHealth', description: '`health` and `advice` are null before the first reading' },
);

export const dimmsRoute: HttpRoute = {
  name: 'dimms',
  register(app, { view }) {
    app.get(
      '/api/v1/dimms',
      {
        schema: {
          operationId: 'listDimms',
          summary: 'Memory modules and their health',
          description: 'After a 304, ages go on from `readAt`.',
          tags: ['inventory'],
          querystring: Type.Object(pageQuery, closed),
          response: answersOf(listOf(dimmWithHealthSchema)),
        },
        preHandler: (request, reply) => {
          const { state } = view();
          const { topology, health, advice } = state;
          const parts = [isComplete(state), ...topology.dimms, ...health, ...advice.values()];
          return answerIfChanged(request, reply, parts);
        },
      },
      (request) => {
        const { state } = view();
        const { items, next } = pageOf(listing, sorted(listing, state.topology.dimms), request.query);
        return {
          items: items.map((dimm) => withHealth(dimm, state)),
          next,
          complete: isComplete(state),
          readAt: timeOrNull(state.inventoried ? state.at : null),
        };
      },
    );
    app.get(
      '/api/v1/dimms/:dimm',
      {
        schema: {
          operationId: 'getDimm',
          summary: 'One memory module with everything that it says of its health',
          tags: ['inventory'],
          params: Type.Object(
            { dimm: Type.String({ description: 'as in the list, or its kernel name', maxLength: 128 }) },
            closed,
          ),
          response: { 200: dimmWithHealthSchema, ...problems },
        },
      },
      (request) => {
        const { state } = view();
        const { dimms } = state.topology;
        const asked = request.params.dimm;
        const found = dimms.find(({ key }) => key === asked) ?? dimms.find(({ name }) => name === asked);
        if (found === undefined) throw new HttpProblem(404, 'This host has no such module; /api/v1/dimms lists them.');
        return withHealth(found, state);
      },
    );
  },
};

const listing: Listing<Dimm> = { name: 'dimms', keyOf: ({ key, name }) => `${key} ${name}` };

function isComplete(state: State): boolean {
  const { inventoried, topology } = state;
  return inventoried && topology.problems.length === 0 && !topology.dimms.some(({ key }) => isUnread(state, key));
}
function withHealth(dimm: Dimm, { health, advice }: State): Static<typeof dimmWithHealthSchema> {
  const reading = health.find((each) => each.dimm === dimm.key);
  const found = advice.get(dimm.key);
  return {
    ...dimmJson(dimm),
    health: reading === undefined ? null : dimmHealthJson(reading, Date.now()),
    advice: found === undefined ? null : { ...found, inputs: found.inputs.map((input) => ({ ...input })) },
  };
}

/** Not read yet, or in vain; a platform without health data has nothing to read. */
function isUnread({ health }: State, key: string): boolean {
  const reading = health.find(({ dimm }) => dimm === key);
  return reading === undefined || reading.health.kind === 'failed';
}
