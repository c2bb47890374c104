import { type Static, Type } from 'typebox';
import { totalBytes } from '../../model/extent.ts';
import type { PlaceState, State } from '../../model/state.ts';
import { shortUid } from '../../model/topology.ts';
import { bytesFromSectors } from '../../model/units.ts';
import { damageIsKnown, damageOf, lastReadAt } from '../damage.ts';
import { answerIfChanged } from './etag.ts';
import { type Listing, pageOf, pageQuery, sorted } from './paging.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, freshnessOf, listOf, nullable, time, timeOrNull } from './schemas.ts';

const deviceSchema = Type.Object(
  {
    device: Type.String({ description: 'kernel name now; empty where there is no block device' }),
    kind: Type.Enum(['namespace', 'region']),
    ndNamespace: Type.String(),
    ndRegion: Type.String(),
    bus: Type.String(),
    mode: nullable(Type.String()),
    uuid: nullable(Type.String()),
    uid: Type.String({ description: 'physical identity, as in the metrics' }),
    sizeBytes: Type.Integer(),
    dimms: Type.Array(Type.String({ description: 'ids of the modules that hold it' })),
    errorSource: Type.Enum(['ars', 'mce', 'papr', 'none']),
    monitored: Type.Boolean({
      description: 'false when nothing feeds its bad-block list: an empty list proves nothing',
    }),
    present: Type.Boolean(),
    goneSince: nullable(time),
    readable: Type.Boolean(),
    complete: Type.Boolean({ description: 'false when the list may miss bad sectors' }),
    reasons: Type.Array(Type.String()),
    readAt: nullable(Type.String({ format: 'date-time', description: 'when its lists were last read well' })),
    badRanges: nullable(Type.Integer({ description: 'null when not known' })),
    badBytes: nullable(Type.Integer({ description: 'null when not known' })),
    damagedFiles: nullable(Type.Integer({ description: 'null when not known' })),
    foundTotal: Type.Integer(),
    clearedTotal: Type.Integer(),
  },
  { ...closed, title: 'Device' },
);

export const devicesRoute: HttpRoute = {
  name: 'devices',
  register(app, { view }) {
    app.get(
      '/api/v1/devices',
      {
        schema: {
          operationId: 'listDevices',
          summary: 'Namespaces and regions whose bad ranges are tracked',
          tags: ['inventory'],
          querystring: Type.Object(pageQuery, closed),
          response: answersOf(listOf(deviceSchema)),
        },
        preHandler: (request, reply) => {
          const { state } = view();
          const places = [...state.places.values()];
          const { complete, readAt } = freshnessOf(state, places);
          const read = places.map((place) => lastReadAt(state, place) ?? null);
          return answerIfChanged(request, reply, [complete, readAt, ...read, ...places]);
        },
      },
      (request) => {
        const { state } = view();
        const places = [...state.places.values()];
        const { items, next } = pageOf(listing, sorted(listing, places), request.query);
        return { items: items.map((place) => deviceJson(state, place)), next, ...freshnessOf(state, places) };
      },
    );
  },
};

const listing: Listing<PlaceState> = {
  name: 'devices',
  keyOf: ({ place }) => `${place.ndRegion} ${place.ndNamespace} ${place.uid}`,
};

export function deviceJson(all: State, state: PlaceState): Static<typeof deviceSchema> {
  const { place, ranges } = state;
  const known = damageIsKnown(all, state);
  return {
    device: place.device,
    kind: place.kind,
    ndNamespace: place.ndNamespace,
    ndRegion: place.ndRegion,
    bus: place.bus,
    mode: place.mode ?? null,
    uuid: place.uuid ?? null,
    uid: shortUid(place.uid),
    sizeBytes: bytesFromSectors(place.size),
    dimms: place.dimms.map((d) => d.id),
    errorSource: place.errorSource,
    monitored: place.errorSource !== 'none',
    present: state.present,
    goneSince: timeOrNull(state.goneSince),
    readable: state.readable,
    complete: state.complete,
    reasons: [...state.reasons],
    readAt: timeOrNull(lastReadAt(all, state)),
    badRanges: known ? ranges.length : null,
    badBytes: known ? totalBytes(ranges) : null,
    damagedFiles: known ? damageOf(state).files.length : null,
    foundTotal: state.foundTotal,
    clearedTotal: state.clearedTotal,
  };
}
