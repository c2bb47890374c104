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
/** What every route may answer besides its own. */
export const problems = { '4xx': problemSchema, '5xx': problemSchema };

export const pageQuery = {
  after: Type.Optional(Type.String({ maxLength: 2048, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
};
export interface PageQuery {
  readonly after?: string;
  readonly limit?: number;
}

/** One page of a list that is sorted by `keyOf`; the cursor is the last key, so that it survives changes of the list. */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  { after, limit = 1000 }: PageQuery,
): { items: T[]; next: string | null } {
  const last = after === undefined ? undefined : Buffer.from(after, 'base64url').toString();
  const from = last === undefined ? 0 : all.findIndex((item) => keyOf(item) > last);
  if (from === -1) return { items: [], next: null };
  const items = all.slice(from, from + limit);
  const end = items.at(-1);
  const more = from + limit < all.length;
  return { items, next: more && end !== undefined ? Buffer.from(keyOf(end)).toString('base64url') : null };
}

export function byKey<T>(keyOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };
}

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
