import { isMapping, type KeyPath } from './check.ts';
import { adviceDefaults, receiverTypes } from './keys.ts';

export type Report = (path: KeyPath, message: string) => void;

/**
 * What no single key shows: keys that need or exclude each other, and keys that this version cannot honour. Works on
 * the values as written, so that it reports beside the mistakes of single keys rather than after them.
 */
export function crossCheck(file: Readonly<Record<string, unknown>>, report: Report): void {
  const receivers = listOfMappings(file['receivers']);
  uniqueNames(receivers, ['receivers'], report);
  for (const [i, receiver] of receivers) checkReceiver(receiver, ['receivers', i], report);
  if (isMapping(file['api'])) uniqueNames(listOfMappings(file['api']['tokens']), ['api', 'tokens'], report);
  if (isMapping(file['advice'])) checkAdvice(file['advice'], report);
}

/** What asks for more must not be reached before what asks for less: given pairs only, defaults agree with each other. */
function checkAdvice(advice: Record<string, unknown>, report: Report): void {
  const order = (less: string, more: string, isWrong: (a: number, b: number) => boolean, words: string): void => {
    const [a, b] = [advice[less] ?? adviceDefault(less), advice[more] ?? adviceDefault(more)];
    if (typeof a === 'number' && typeof b === 'number' && isWrong(a, b)) {
      const key = more in advice ? more : less;
      report(['advice', key], `${more} (${b}) must ${words} ${less} (${a})`);
    }
  };
  order('left_plan', 'left_now', (plan, now) => now > plan, 'not be above');
  for (const [less, more] of [
    ['new_ranges_plan', 'new_ranges_now'],
    ['recurrences_plan', 'recurrences_now'],
    ['dirty_shutdowns_watch', 'dirty_shutdowns_plan'],
  ] as const) {
    order(less, more, (a, b) => b < a, 'not be below');
  }
}
function adviceDefault(key: string): unknown {
  return adviceDefaults[key as keyof typeof adviceDefaults];
}

function checkReceiver(receiver: Record<string, unknown>, path: KeyPath, report: Report): void {
  const type = receiver['type'];
  if (type === 'webhook') {
    const both = 'url' in receiver && 'url_file' in receiver;
    const neither = !('url' in receiver) && !('url_file' in receiver);
    if (both) report([...path, 'url_file'], 'url and url_file exclude each other: keep one');
    if (neither) report(path, 'needs url or url_file: where to post');
  } else if (receiverTypes.some((known) => known === type)) {
    report([...path, 'type'], `the receiver type ${type} ${later}: use webhook`);
  }
  if (!isMapping(receiver['headers'])) return;
  for (const header of Object.keys(receiver['headers'])) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header)) report([...path, 'headers', header], 'is not a header name');
    else if (reservedHeaders.test(header))
      report([...path, 'headers', header], 'is set by pmemwatch itself: remove it');
  }
}
const reservedHeaders = /^(webhook-.*|host|content-type|content-length|transfer-encoding|connection)$/i;

function uniqueNames(items: readonly Numbered[], path: readonly string[], report: Report): void {
  const first = new Map<string, number>();
  for (const [i, { name }] of items) {
    if (typeof name !== 'string') continue;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, i);
    else
      report(
        [...path, i, 'name'],
        `${JSON.stringify(name)} is also the name of ${path.join('.')}[${earlier}]: names are to differ`,
      );
  }
}

const later = 'is not available in this version';

/** a mapping of a list, with its place in it */
type Numbered = readonly [number, Record<string, unknown>];

function listOfMappings(value: unknown): Numbered[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, i) => (isMapping(item) ? [[i, item] as const] : []));
}
