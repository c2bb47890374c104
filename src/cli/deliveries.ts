import { deliveryStatuses } from '../model/outbox.ts';
import { agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { jsonText } from './print.ts';

/** What of `GET /api/v1/deliveries` is shown. */
export interface DeliveryItem {
  readonly id: string;
  readonly receiver: string;
  readonly type: string;
  readonly incident: string;
  readonly condition: string;
  readonly status: string;
  readonly attempts: number;
  readonly createdAt: string;
  readonly reason: string | null;
}

const DEFAULT_LIMIT = 50;
const PAGE = 1000;

export const deliveries: Command = {
  name: 'deliveries',
  summary: 'what the running agent told to whom, and what nobody took',
  operands: '',
  options: {
    receiver: { type: 'string', value: 'NAME', help: 'only to this receiver' },
    status: {
      type: 'string',
      value: 'STATUS',
      help: `only ${deliveryStatuses.join(', ')}, or dead`,
      values: [...deliveryStatuses, 'dead'],
    },
    incident: { type: 'string', value: 'ID', help: 'only about this incident (the whole id)' },
    limit: { type: 'string', value: 'N', default: String(DEFAULT_LIMIT), help: 'the newest so many; 0: all' },
    ...apiOptions,
  },
  examples: [
    { line: 'pmemwatch deliveries', shows: 'the newest fifty' },
    { line: 'pmemwatch deliveries --status dead --receiver oncall', shows: 'what oncall refused or never took' },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`deliveries takes no operand: ${args.operands[0]}`);
    const text = args.values['limit']?.at(-1) ?? String(DEFAULT_LIMIT);
    if (!/^\d{1,9}$/.test(text)) throw usage(`--limit ${text} is not a whole number`);
    const status = args.values['status']?.at(-1);
    if (status !== undefined && status !== 'dead' && !deliveryStatuses.some((known) => known === status)) {
      throw usage(`--status ${status} is not one of ${deliveryStatuses.join(', ')}, dead`);
    }
    const limit = Number(text);
    const asked = new URLSearchParams({ limit: String(limit === 0 || limit > PAGE ? PAGE : limit) });
    for (const name of ['receiver', 'status', 'incident']) {
      const value = args.values[name]?.at(-1);
      if (value !== undefined) asked.set(name, value);
    }
    const api = await agentApi(args, context);
    const path = `/api/v1/deliveries?${asked}`;
    const answer = limit === 0 || limit > PAGE ? await api.list(path) : await api.page(path);
    const items = (limit === 0 ? answer.items : answer.items.slice(0, limit)) as readonly DeliveryItem[];
    const { complete, readAt } = answer;
    const { deliveriesText } = await import('./deliveries-text.ts');
    context.stdout.write(
      args.flag('json') ? jsonText({ items, next: null, complete, readAt }) : deliveriesText(items, complete, context),
    );
    if (complete) return 0;
    if (args.flag('json'))
      context.stderr.write('pmemwatch deliveries: not all of it: the state file cannot be written\n');
    return 2;
  },
};
