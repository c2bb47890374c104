import { agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { aligned, jsonText, printable } from './print.ts';

/** What of `GET /api/v1/events` is shown. */
interface EventItem {
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
  summary: 'what happened, oldest first, as the running agent recorded it',
  operands: '',
  options: {
    after: { type: 'string', value: 'ID', help: 'only what came after this event' },
    limit: { type: 'string', value: 'N', default: String(DEFAULT_LIMIT), help: 'the newest so many; 0: all' },
    ...apiOptions,
  },
  examples: [
    { line: 'pmemwatch events', shows: 'the last hundred' },
    { line: 'pmemwatch events --limit 0 --json >history.json', shows: 'everything within the retention' },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`events takes no operand: ${args.operands[0]}`);
    const after = wholeNumber('after', args.values['after']?.at(-1) ?? '0');
    const limit = wholeNumber('limit', args.values['limit']?.at(-1) ?? String(DEFAULT_LIMIT));
    const api = await agentApi(args, context);
    const answer = await api.list(`/api/v1/events?limit=1000${after === 0 ? '' : `&after=${after}`}`);
    const items = (limit === 0 ? answer.items : answer.items.slice(-limit)) as readonly EventItem[];
    if (args.flag('json')) context.stdout.write(jsonText({ ...answer, items, next: null }));
    else context.stdout.write(items.length === 0 ? 'no events\n' : `${eventsText(items)}\n`);
    return 0;
  },
};

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw usage(`--${name} ${text} is not a whole number`);
  return Number(text);
}

function eventsText(items: readonly EventItem[]): string {
  return aligned(
    items.map((item) => [
      String(item.id),
      item.time.replace(/\.\d+Z$/, 'Z'),
      item.type,
      printable(item.device ?? '-'),
      item.incident?.slice(0, 12) ?? '-',
      shortData(item.data),
    ]),
  );
}

function shortData({ runs, ...rest }: Readonly<Record<string, unknown>>): string {
  const parts = Array.isArray(runs) ? [runs.map(runText).join(' ')] : [];
  for (const [key, value] of Object.entries(rest)) {
    parts.push(`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  }
  const text = printable(parts.join(', '));
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
/** As `resolve` takes it; what no device shows is counted from the start of the namespace. */
function runText({ device = '', start, count }: { device?: string; start: number; count: number }): string {
  return `${device === '' ? '(outside any device)' : device} ${start}+${count}`;
}
