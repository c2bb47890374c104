import { type Static, Type } from 'typebox';
import type { Dimm } from '../../model/topology.ts';
import type { HttpRoute } from './route.ts';
import { byKey, closed, listOf, pageOf, pageQuery, problems, timeOrNull } from './schemas.ts';

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
  closed,
);

export const dimmsRoute: HttpRoute = {
  name: 'dimms',
  register(app, { view }) {
    app.get(
      '/api/v1/dimms',
      {
        schema: {
          summary: 'Memory modules',
          tags: ['inventory'],
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(dimmSchema), ...problems },
        },
      },
      (request) => {
        const { state } = view();
        const { items, next } = pageOf([...state.topology.dimms].sort(byKey(keyOf)), keyOf, request.query);
        const complete = state.inventoried && state.topology.problems.length === 0;
        return { items: items.map(dimmJson), next, complete, readAt: timeOrNull(state.inventoried ? state.at : null) };
      },
    );
  },
};

function keyOf(dimm: Dimm): string {
  return `${dimm.key} ${dimm.name}`;
}
export function dimmJson({ key, flags, ...rest }: Dimm): Static<typeof dimmSchema> {
  return { dimm: key, ...rest, flags: [...flags] };
}
