import { byteText } from '../model/byte-text.ts';
import { agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { aligned, counted, jsonText, painter, printable } from './print.ts';

/** What of `GET /api/v1/incidents` is shown. */
interface IncidentItem {
  readonly id: string;
  readonly condition: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly status: 'open' | 'resolved';
  readonly openedAt: string;
  readonly resolution: string | null;
  readonly detail: string;
  readonly device: { readonly name: string; readonly ndNamespace: string; readonly ndRegion: string };
  readonly totals: { readonly ranges: number; readonly bytes: number; readonly files: number };
  readonly acknowledgement: unknown;
}

export const incidents: Command = {
  name: 'incidents',
  summary: 'what is wrong now, as the running agent knows it',
  operands: '',
  options: { all: { type: 'boolean', help: 'resolved ones too' }, ...apiOptions },
  examples: [
    { line: 'pmemwatch incidents', shows: 'the open ones' },
    { line: 'pmemwatch incidents --all --json', shows: 'everything within the retention' },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`incidents takes no operand: ${args.operands[0]}`);
    const api = await agentApi(args, context);
    const answer = await api.list(args.flag('all') ? '/api/v1/incidents' : '/api/v1/incidents?status=open');
    context.stdout.write(
      args.flag('json')
        ? jsonText({ items: answer.items, next: null, complete: answer.complete, readAt: answer.readAt })
        : incidentsText(answer.items as readonly IncidentItem[], answer.complete, context),
    );
    return 0;
  },
};

function incidentsText(items: readonly IncidentItem[], complete: boolean, context: CommandContext): string {
  const paint = painter(context.color);
  // some bus is not monitored, or some list not readable: an empty table would read as "all is well"
  const caveat = complete ? '' : `${paint('yellow', 'not everything is seen')}: pmemwatch list says what is not\n`;
  if (items.length === 0) return `no open incidents\n${caveat}`;
  const rows = items.map((item) => [
    item.id.slice(0, 12),
    item.severity,
    item.status === 'open'
      ? item.acknowledgement === null
        ? 'open'
        : 'acknowledged'
      : (item.resolution ?? 'resolved'),
    item.condition,
    printable(item.device.name || item.device.ndNamespace || item.device.ndRegion),
    item.openedAt.replace(/\.\d+Z$/, 'Z'),
    item.totals.ranges > 0 ? damageText(item) : printable(item.detail),
  ]);
  const [head, ...lines] = aligned([
    ['ID', 'SEVERITY', 'STATUS', 'CONDITION', 'WHERE', 'SINCE', 'WHAT'],
    ...rows,
  ]).split('\n');
  const colored = lines.map((line, i) =>
    items[i]?.severity === 'critical' && items[i]?.status === 'open' ? paint('red', line) : line,
  );
  return `${[paint('dim', head ?? ''), ...colored].join('\n')}\n${caveat}`;
}

function damageText({ totals }: IncidentItem): string {
  const ranges = `${counted(totals.ranges, 'bad range')}, ${byteText(totals.bytes)}`;
  return totals.files === 0 ? ranges : `${ranges}, ${counted(totals.files, 'damaged file')}`;
}
