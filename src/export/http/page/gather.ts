import type { Incident } from '../../../model/incident.ts';
import { deadLetters } from '../../../model/outbox.ts';
import { damageOf } from '../../damage.ts';
import type { NumberedEvent } from '../../view.ts';
import type { Described, RouteContext } from '../route.ts';
import { MOST_DEAD, MOST_DELIVERIES } from './deliveries.ts';
import { MOST_EVENTS } from './events.ts';
import { MOST_OPEN } from './incidents.ts';
import type { Asked, Notice, PageInput, Reader } from './input.ts';
import { openIncidents } from './verdict.ts';
import { parseZoom } from './zoom.ts';

/** How long the store may take: one that hangs is said to, and the rest of the page comes all the same. */
const STORE_MS = 1000;
/** How long one piece of work may hold up everybody else. */
const SLICE_MS = 5;

export interface PageQuery {
  readonly zoom?: string;
}

/** What was said of an incident, as long as nothing about it changes: incidents are replaced, never changed. */
export function createDescriptions(describe: RouteContext['describe']) {
  const known = [new WeakMap<Incident, Described>(), new WeakMap<Incident, Described>()] as const;
  return (incident: Incident, named: boolean): Described => {
    const memory = known[named ? 1 : 0];
    let described = memory.get(incident);
    if (described === undefined) {
      described = describe(incident, named);
      memory.set(incident, described);
    }
    return described;
  };
}

/** Awaited between pieces of work: lets others have their turn when this one has lasted. */
export function createPause(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    since = performance.now();
  };
}

export async function gatherPage(
  { view, ready, events, newestEventId, deliveries, telemetryPath }: RouteContext,
  asked: {
    readonly query: PageQuery;
    readonly reader: Reader;
    readonly notice: Notice | undefined;
    readonly describe: ReturnType<typeof createDescriptions>;
  },
  pause: () => Promise<void>,
): Promise<PageInput> {
  const { reader, notice } = asked;
  const newest = newestEventId();
  const [all, dead, history] = await Promise.all([
    within(deliveries.list({ limit: MOST_DELIVERIES })),
    within(deliveries.list({ limit: MOST_DEAD, statuses: deadLetters })),
    within(events(Math.max(0, newest - MOST_EVENTS), MOST_EVENTS).then(({ items }) => items)),
  ]);
  // only now: nothing below is older than what was asked for
  const now = view();
  // what is reckoned once and remembered is reckoned here, a piece at a time
  for (const place of now.state.places.values()) {
    damageOf(place);
    await pause();
  }
  for (const incident of openIncidents(now.state).slice(0, MOST_OPEN)) {
    asked.describe(incident, reader.mayRead);
    await pause();
  }
  return {
    view: now,
    readiness: ready(),
    now: Date.now(),
    reader,
    zoom: parseZoom(asked.query.zoom),
    notice,
    deliveries: all,
    dead,
    events: reversed(history),
    describe: (incident) => asked.describe(incident, reader.mayRead),
    telemetryPath,
  };
}

function reversed(asked: Asked<NumberedEvent>): Asked<NumberedEvent> {
  return asked.kind === 'known' ? { kind: 'known', items: [...asked.items].reverse() } : asked;
}

async function within<T>(asked: Promise<readonly T[]>): Promise<Asked<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Asked<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'unknown' }), STORE_MS);
  });
  const known = asked.then(
    (items): Asked<T> => ({ kind: 'known', items }),
    (): Asked<T> => ({ kind: 'unknown' }),
  );
  const first = await Promise.race([known, late]);
  clearTimeout(timer);
  return first;
}
