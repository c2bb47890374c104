import { deadLetters } from '../model/outbox.ts';
import type { CommandContext } from './command.ts';
import type { DeliveryItem } from './deliveries.ts';
import { painter, printable } from './print.ts';
import { aligned, fitted } from './table.ts';

/** A table, the newest first. */
export function deliveriesText(items: readonly DeliveryItem[], complete: boolean, context: CommandContext): string {
  const paint = painter(context.color);
  const caveat = complete
    ? ''
    : `${paint('yellow', 'not all of it')}: the state file cannot be written, what is told now is missing here\n`;
  if (items.length === 0) return `no deliveries\n${caveat}`;
  const rows = items.map((item) => [
    item.id,
    item.createdAt.replace(/\.\d+Z$/, 'Z'),
    printable(item.receiver),
    item.status,
    item.type.replace('pmem.incident.', ''),
    item.condition,
    item.incident.slice(0, 12),
    `${item.attempts}`,
    shortReason(item.reason),
  ]);
  const head = ['ID', 'TIME', 'RECEIVER', 'STATUS', 'TYPE', 'CONDITION', 'INCIDENT', 'TRIED', 'WHY'];
  const [first, ...lines] = fitted(aligned([head, ...rows]), context.columns).split('\n');
  const colored = lines.map((line, i) =>
    deadLetters.some((dead) => dead === items[i]?.status) ? paint('red', line) : line,
  );
  return `${[paint('dim', first ?? ''), ...colored].join('\n')}\n${caveat}`;
}

function shortReason(reason: string | null): string {
  const text = printable(reason ?? '');
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
