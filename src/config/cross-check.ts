import { adviceDefaults } from './advice-keys.ts';
import { isMapping, type KeyPath } from './check.ts';
import { parseDuration } from './duration.ts';

export type Report = (path: KeyPath, message: string) => void;

/**
 * What no single key shows: keys that need or exclude each other, and keys that this version cannot honour. Works on
 * the values as written, so that it reports beside the mistakes of single keys rather than after them.
 */
export function crossCheck(file: Readonly<Record<string, unknown>>, report: Report): void {
  const receivers = listOfMappings(file['receivers']);
  uniqueNames(receivers, ['receivers'], report);
  checkInstanceNames(receivers, report);
  for (const [i, receiver] of receivers) checkReceiver(receiver, ['receivers', i], report);
  if (isMapping(file['api'])) uniqueNames(listOfMappings(file['api']['tokens']), ['api', 'tokens'], report);
  if (isMapping(file['advice'])) checkAdvice(file['advice'], report);
  if (isMapping(file['notify'])) checkHeartbeat(file['notify']['heartbeat'], report);
}

/** A beat is a post to every receiver: more often tells nobody more, and floods them. */
function checkHeartbeat(value: unknown, report: Report): void {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms !== undefined && ms > 0 && ms < 1_000) report(['notify', 'heartbeat'], 'must be 0s or at least 1s');
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

/** What each type takes beside the keys of all. */
const keysOfType: Readonly<Record<string, readonly string[]>> = {
  webhook: ['secret_file', 'secret_env'],
  pagerduty: ['secret_file', 'secret_env'],
  alertmanager: ['urls', 'labels'],
  slack: [],
};
const keysOfSome = ['secret_file', 'secret_env', 'urls', 'labels'];

function checkReceiver(receiver: Record<string, unknown>, path: KeyPath, report: Report): void {
  const { type } = receiver;
  const own = typeof type === 'string' ? keysOfType[type] : undefined;
  if (own !== undefined) {
    for (const key of keysOfSome) {
      if (key in receiver && !own.includes(key)) report([...path, key], `means nothing to ${type}: remove it`);
    }
    const urls = onlyOne(receiver, ['url', 'url_file', 'url_env', 'urls'], path, report);
    if (urls === 0 && type !== 'pagerduty') report(path, 'needs url, url_file or url_env: where to post');
    const secrets = onlyOne(receiver, ['secret_file', 'secret_env'], path, report);
    if (secrets === 0 && type === 'pagerduty') report(path, 'needs secret_file or secret_env: the integration key');
  }
  const headers = isMapping(receiver['headers']) ? Object.keys(receiver['headers']) : [];
  const files = isMapping(receiver['header_files']) ? Object.keys(receiver['header_files']) : [];
  for (const header of headers) checkHeader(header, [...path, 'headers', header], report);
  for (const header of files) {
    checkHeader(header, [...path, 'header_files', header], report);
    const twice = headers.some((other) => other.toLowerCase() === header.toLowerCase());
    if (twice) report([...path, 'header_files', header], 'is in headers too: keep one');
  }
  for (const label of isMapping(receiver['labels']) ? Object.keys(receiver['labels']) : []) {
    const at = [...path, 'labels', label];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(label)) report(at, 'is not a label name');
    else if (ownLabels.has(label)) report(at, 'is set by pmemwatch itself: remove it');
  }
}
const reservedHeaders = /^(webhook-.*|host|content-type|content-length|transfer-encoding|connection|user-agent)$/i;
const ownLabels = new Set(['alertname', 'severity', 'uid', 'condition', 'fingerprint', 'source']);

function checkHeader(header: string, path: KeyPath, report: Report): void {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header)) report(path, 'is not a header name');
  else if (reservedHeaders.test(header)) report(path, 'is set by pmemwatch itself: remove it');
}

/** How many of the keys there are; more than one is reported at the last. */
function onlyOne(receiver: Record<string, unknown>, keys: readonly string[], path: KeyPath, report: Report): number {
  const given = keys.filter((key) => key in receiver);
  const last = given.at(-1);
  if (given.length > 1 && last !== undefined) {
    report([...path, last], `${given.join(' and ')} exclude each other: keep one`);
  }
  return given.length;
}

/** The instances of a cluster are receivers of their own: no other may have the name of one. */
function checkInstanceNames(receivers: readonly Numbered[], report: Report): void {
  const names = new Set(receivers.map(([, { name }]) => name));
  for (const [i, { name, urls }] of receivers) {
    if (!Array.isArray(urls)) continue;
    const taken = urls.map((_, n) => `${name}-${n + 1}`).find((instance) => names.has(instance));
    if (taken !== undefined) {
      report(
        ['receivers', i, 'name'],
        `an instance of it is called ${taken}, as another receiver: names are to differ`,
      );
    }
  }
}

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

/** a mapping of a list, with its place in it */
type Numbered = readonly [number, Record<string, unknown>];

function listOfMappings(value: unknown): Numbered[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, i) => (isMapping(item) ? [[i, item] as const] : []));
}
