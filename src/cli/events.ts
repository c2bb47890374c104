import { parseDuration } from '../config/duration.ts';
import { type AgentApi, agentApi, apiOptions, nextPage, type Page } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command, CommandArguments, CommandContext } from './command.ts';
import { jsonText } from './print.ts';

/** What of `GET /api/v1/events` is shown. */
export interface EventItem {
  readonly id: number;
  readonly time: string;
  readonly type: string;
  readonly incident: string | null;
  readonly device: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const DEFAULT_LIMIT = 100;

export const events: Command = {
  name: 'events',
  summary: 'what happened, oldest first, as the running agent recorded it; -f follows',
  operands: '',
  details:
    'With -f it goes on until Ctrl-C, over restarts of the agent: none is lost, none comes twice. --json is one document then for\n' +
    'each event, one a line.',
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on with what happens from now on, until Ctrl-C' },
    after: { type: 'string', value: 'ID', help: 'only what came after this event' },
    since: {
      type: 'string',
      value: 'TIME',
      help: 'only since then: RFC 3339, or a duration such as 2h for so long ago',
    },
    limit: {
      type: 'string',
      value: 'N',
      help: `the newest so many; 0: all [${DEFAULT_LIMIT}; all with --after or --since]`,
    },
    ...apiOptions,
  },
  examples: [
    { line: 'pmemwatch events', shows: 'the last hundred' },
    { line: 'pmemwatch events -f', shows: 'the last hundred, and what comes' },
    { line: 'pmemwatch events --since 2h', shows: 'of the last two hours' },
    { line: 'pmemwatch events --limit 0 --json >history.json', shows: 'everything within the retention' },
    {
      line: 'pmemwatch events -f --limit 0 --json | jq -r \'select(.type == "range.found").device\'',
      shows: 'a line for each',
    },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`events takes no operand: ${args.operands[0]}`);
    const asked = askedFor(args, context);
    const api = await agentApi(args, context);
    const found = await recentEvents(api, asked);
    if (!found.complete) {
      context.stderr.write(
        `pmemwatch events: not all of it: what came right after ${asked.after} is not kept any more\n`,
      );
    }
    const { eventsText } = await import('./events-text.ts');
    const show = (items: readonly EventItem[]): void => {
      if (args.flag('json')) for (const item of items) context.stdout.write(jsonText(item, 0));
      else if (items.length > 0) context.stdout.write(`${eventsText(items, context)}\n`);
    };
    if (args.flag('follow')) {
      show(found.items);
      const { followEvents } = await import('./follow-events.ts');
      const isWanted = (event: EventItem): boolean => Date.parse(event.time) >= asked.since;
      await followEvents(api, found.newestId, context, (event) => isWanted(event) && show([event]));
      return found.complete ? 0 : 2;
    }
    const { items, complete, readAt } = found;
    if (args.flag('json')) context.stdout.write(jsonText({ items, next: null, complete, readAt }));
    else if (items.length === 0) context.stdout.write('no events\n');
    else show(items);
    return complete ? 0 : 2;
  },
};

export interface Asked {
  readonly after: number;
  /** ms since the epoch; 0: since ever */
  readonly since: number;
  /** 0: all */
  readonly limit: number;
}

function askedFor(args: CommandArguments, { clock }: CommandContext): Asked {
  const after = args.values['after']?.at(-1);
  const since = args.values['since']?.at(-1);
  const limit = args.values['limit']?.at(-1) ?? (after === undefined && since === undefined ? `${DEFAULT_LIMIT}` : '0');
  return {
    after: wholeNumber('after', after ?? '0'),
    since: since === undefined ? 0 : timeOf(since, clock.now()),
    limit: wholeNumber('limit', limit),
  };
}
function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw usage(`--${name} ${text} is not a whole number`);
  return Number(text);
}
function timeOf(text: string, now: number): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw usage(`--since ${text} is neither a time such as 2026-11-23T14:00:00Z nor a duration such as 2h`);
  return at;
}

/** All pages; of what is not wanted only the id of the newest is kept. */
export async function recentEvents(api: AgentApi, { after, since, limit }: Asked) {
  const path = `/api/v1/events?limit=1000${after === 0 ? '' : `&after=${after}`}`;
  let items: EventItem[] = [];
  let newestId = after;
  let page: Page;
  let at = path;
  let complete = true;
  do {
    page = await api.page(at);
    complete &&= page.complete;
    for (const event of page.items as readonly EventItem[]) {
      newestId = event.id;
      if (Date.parse(event.time) >= since) items.push(event);
    }
    if (limit > 0 && items.length > limit) items = items.slice(-limit);
    at = nextPage(path, page.next ?? '');
  } while (page.next !== null);
  return { items, newestId, complete, readAt: page.readAt };
}
