import { type Static, Type } from 'typebox';
import { totalBytes } from '../../model/extent.ts';
import type { PlaceState, State } from '../../model/state.ts';
import { shortUid } from '../../model/topology.ts';
import { deviceWindow, partOnDevice } from '../damage.ts';
import { answerIfChanged } from './etag.ts';
import { rangeFields, rangeJson } from './owners.ts';
import { type Listing, onceFor, pageOf, pageQuery, type Sorted, sorted } from './paging.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, freshnessOf, listOf } from './schemas.ts';

const badRangeSchema = Type.Object(
  {
    device: Type.String({ description: 'empty for a range outside any block device' }),
    ndNamespace: Type.String(),
    ndRegion: Type.String(),
    bus: Type.String(),
    uid: Type.String({ description: 'as in the metrics' }),
    present: Type.Boolean({ description: 'false when the place is gone and this is what was known last' }),
    bytes: Type.Integer(),
    ...rangeFields,
  },
  { ...closed, title: 'BadRange' },
);
type BadRange = Static<typeof badRangeSchema>;

export const badBlocksRoute: HttpRoute = {
  name: 'bad-blocks',
  register(app, { view, access }) {
    app.get(
      '/api/v1/badblocks',
      {
        schema: {
          operationId: 'listBadRanges',
          summary: 'Bad ranges with their owners',
          description: 'Without a token of scope read, over TCP, owners come without paths.',
          tags: ['media'],
          querystring: Type.Object({ device: Type.Optional(Type.String()), ...pageQuery }, closed),
          response: answersOf(listOf(badRangeSchema)),
        },
        preHandler: (request, reply) => {
          const { state } = view();
          const places = placesOf(state, request.query.device);
          const { complete, readAt } = freshnessOf(state, places);
          return answerIfChanged(request, reply, [access.mayRead(request.raw), complete, readAt, ...places]);
        },
      },
      (request) => {
        const { state } = view();
        const { device, ...page } = request.query;
        const named = access.mayRead(request.raw);
        const places = placesOf(state, device);
        const { items, next } = pageOf(listing, rowsOf(places), page);
        return { items: items.map((row) => badRangeJson(row, named)), next, ...freshnessOf(state, places) };
      },
    );
  },
};

/**
 * The places of one device (`pmem0`, `/dev/pmem0`, a namespace or its uid), or all of them.
 * @throws HttpProblem 404 for what is none: an empty list would say that a device is clean which nobody looks at
 */
export function placesOf({ places, inventoried }: State, device: string | undefined): PlaceState[] {
  const all = [...places.values()];
  if (device === undefined) return all;
  const name = device.replace(/^\/dev\//, '');
  const found = all.filter(({ place }) =>
    [place.device, place.ndNamespace, place.uid, shortUid(place.uid)].includes(name),
  );
  if (found.length === 0 && inventoried) {
    throw new HttpProblem(404, 'No device of this name is watched: /api/v1/devices has those that are.');
  }
  return found;
}

interface Row {
  readonly place: PlaceState;
  readonly range: PlaceState['ranges'][number];
}
const listing: Listing<Row> = {
  name: 'badblocks',
  keyOf: ({ place: { place }, range }) => `${place.device} ${place.uid} ${String(range.start).padStart(16, '0')}`,
};
/** With thousands of ranges, sorting costs more than all the rest: of places that did not change it is done once. */
const rowsOfPlace = onceFor((place: PlaceState) =>
  sorted(
    listing,
    place.ranges.map((range): Row => ({ place, range })),
  ),
);

function rowsOf(places: readonly PlaceState[]): Sorted<Row> {
  const byPlace = places.map(rowsOfPlace).filter(({ keys }) => keys.length > 0);
  byPlace.sort((a, b) => ((a.keys[0] as string) < (b.keys[0] as string) ? -1 : 1));
  return { keys: byPlace.flatMap(({ keys }) => keys), items: byPlace.flatMap(({ items }) => items) };
}
function badRangeJson({ place: { place, present }, range }: Row, named: boolean): BadRange {
  const window = deviceWindow(place);
  const part = partOnDevice(place, range);
  const shown = part !== undefined && part.count === range.count;
  return {
    device: part === undefined ? '' : place.device,
    ndNamespace: place.ndNamespace,
    ndRegion: place.ndRegion,
    bus: place.bus,
    uid: shortUid(place.uid),
    present,
    bytes: totalBytes([range]),
    ...rangeJson(range, shown ? window?.start : undefined, named),
  };
}
