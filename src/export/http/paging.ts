import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { HttpProblem } from './problem.ts';

export const pageQuery = {
  after: Type.Optional(Type.String({ maxLength: 4096, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
};
export interface PageQuery {
  readonly after?: string;
  readonly limit?: number;
}

/** What names an item in a list, and gives it its place there; the same over restarts. */
export interface Listing<T> {
  /** of the list: a cursor is for one only */
  readonly name: string;
  keyOf(item: T): string;
}

const SUM_BYTES = 6;
/** A path can be longer than what an address takes. */
const MOST_KEY_CHARS = 512;

function shortKey(key: string): string {
  if (key.length <= MOST_KEY_CHARS) return key;
  return key.slice(0, MOST_KEY_CHARS) + createHash('sha256').update(key).digest('hex');
}

/** Each with its key, sorted by it: what is asked for again and again is sorted once. */
export interface Sorted<T> {
  readonly keys: readonly string[];
  readonly items: readonly T[];
}
export function sorted<T>({ keyOf }: Listing<T>, items: Iterable<T>): Sorted<T> {
  const keyed = Array.from(items, (item) => ({ key: shortKey(keyOf(item)), item }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { keys: keyed.map(({ key }) => key), items: keyed.map(({ item }) => item) };
}
export function selected<T>({ keys, items }: Sorted<T>, wants: (item: T) => boolean): Sorted<T> {
  const at = [...items.keys()].filter((i) => wants(items[i] as T));
  return { keys: at.map((i) => keys[i] as string), items: at.map((i) => items[i] as T) };
}
/** Remembers what was made of a value that is replaced and never changed in place, as long as the value is there. */
export function onceFor<K extends object, V>(make: (from: K) => V): (from: K) => V {
  const known = new WeakMap<K, V>();
  return (from) => {
    const made = known.get(from) ?? make(from);
    known.set(from, made);
    return made;
  };
}

/**
 * One page of a list. The cursor is the key of its last item, so that it goes on at the right place whatever came and went
 * meanwhile, in this run of the agent or the next. @throws HttpProblem 400 for a cursor that is none of this list
 */
export function pageOf<T>(
  { name }: Listing<T>,
  { keys, items: all }: Sorted<T>,
  { after, limit = 1000 }: PageQuery,
): { items: readonly T[]; next: string | null } {
  const from = after === undefined ? 0 : firstAfter(keys, keyOfCursor(name, after));
  const items = all.slice(from, from + limit);
  const last = keys[from + items.length - 1];
  const more = from + items.length < all.length;
  return { items, next: more && last !== undefined ? cursorOf(name, last) : null };
}

/** With a sum in front, so that one that was cut, or is of another list, is no place in this one. */
function cursorOf(list: string, key: string): string {
  const sum = createHash('sha256').update(`${list}\n${key}`).digest().subarray(0, SUM_BYTES);
  return Buffer.concat([sum, Buffer.from(key)]).toString('base64url');
}
function keyOfCursor(list: string, cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').subarray(SUM_BYTES).toString();
  if (cursorOf(list, key) === cursor) return key;
  throw new HttpProblem(400, 'querystring.after is no "next" of this list: ask without it to begin at the start.');
}

/** Index of the first key that comes after `key`. */
function firstAfter(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) > key) high = middle;
    else low = middle + 1;
  }
  return low;
}
