import { type TSchema, Type } from 'typebox';
import type { PlaceState, State } from '../../model/state.ts';
import { lastReadAt } from '../damage.ts';
import { problemSchema } from './problem.ts';

export const closed = { additionalProperties: false } as const;
export const time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}
/** The shape of every list: `complete` is false when something that belongs in it may be missing. */
export function listOf<T extends TSchema>(item: T) {
  return Type.Object(
    {
      items: Type.Array(item),
      next: nullable(Type.String({ description: 'pass as `after` to get the next page; null on the last' })),
      complete: Type.Boolean({ description: 'false when something may be missing: never read it as clean then' }),
      readAt: nullable(time),
    },
    closed,
  );
}
/** Of routes whose answers are about files. */
export const readScope: { readonly note: string; readonly security: { [scheme: string]: string[] }[] } = {
  note: 'Over TCP this needs a token of scope read.',
  security: [{ token: [] }],
};
/** A list, or nothing new to whom knows its state already. */
export function answersOf<T extends TSchema>(list: T) {
  return {
    200: list,
    304: Type.Null({ description: 'Nothing has changed since the answer with this `ETag`.' }),
    ...problems,
  };
}
/** What every route may answer besides its own. */
export const problems = { '4xx': problemSchema, '5xx': problemSchema };

export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
export function timeOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : timeOf(ms);
}

/** Whether these places' lists show all damage there is, and the oldest reading they rest on. */
export function freshnessOf(state: State, places: readonly PlaceState[]): { complete: boolean; readAt: string | null } {
  const read = places.filter((p) => p.present).map((p) => lastReadAt(state, p) ?? null);
  const oldest = read.reduce(
    (a, b) => (a === null || b === null ? null : Math.min(a, b)),
    state.inventoried ? state.at : null,
  );
  return {
    complete: state.inventoried && state.topology.problems.length === 0 && places.every(isWhole),
    readAt: timeOrNull(oldest),
  };
}
function isWhole(p: PlaceState): boolean {
  if (!p.present) return p.ranges.length === 0;
  return p.readable && p.complete && p.readAt !== null && p.place.errorSource !== 'none';
}
