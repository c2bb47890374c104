import type { CommandContext } from './command.ts';
import type { EventItem } from './events.ts';
import { printable } from './print.ts';
import { aligned, fitted } from './table.ts';

/** Columns that are as wide in a line of its own as among others, so that what is followed stands under what was. */
const WIDTHS = [6, 20, 18, 9, 12] as const;

/** One line for each. */
export function eventsText(items: readonly EventItem[], { columns }: Pick<CommandContext, 'columns'>): string {
  const rows = items.map((item) => [
    String(item.id),
    item.time.replace(/\.\d+Z$/, 'Z'),
    printable(item.type),
    printable(item.device ?? '-'),
    printable(item.incident?.slice(0, 12) ?? '-'),
    shortData(item.data),
  ]);
  const padded = rows.map((row) => row.map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0)));
  return fitted(aligned(padded), columns);
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
