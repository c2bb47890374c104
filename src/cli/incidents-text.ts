/** Incidents as a person reads them at night: what nobody has taken on first, the worst first, with the file that it hit. */
import { byteText } from '../model/byte-text.ts';
import { isAcknowledged } from '../model/incident.ts';
import type { Owner } from '../model/owner.ts';
import { bytesFromSectors, sectorCount } from '../model/units.ts';
import type { CommandContext } from './command.ts';
import { type IncidentItem, type IncidentRange, placeOf } from './incident-item.ts';
import { describeOwner } from './owner-text.ts';
import { agoText, counted, type Paint, painter, printable, type Style, spanText, timeText } from './print.ts';
import { aligned, fitted } from './table.ts';

const severities = ['critical', 'warning', 'info'] as const;
const styles: Readonly<Record<IncidentItem['severity'], Style>> = { critical: 'red', warning: 'yellow', info: 'dim' };
/** More ranges of one incident than a screen takes are counted, not shown. */
const MOST_RANGES = 20;

/** The open ones, or all: one a line. */
export function incidentsText(items: readonly IncidentItem[], complete: boolean, context: CommandContext): string {
  const paint = painter(context.color);
  const now = context.clock.now();
  // some bus is not monitored, or some list not readable: an empty table would read as "all is well"
  const caveat = complete ? '' : `${paint('yellow', 'not everything is seen')}: pmemwatch list says what is not\n`;
  if (items.length === 0) return `no open incidents\n${caveat}`;
  const sorted = [...items].sort((a, b) => urgency(a, now) - urgency(b, now) || (a.openedAt < b.openedAt ? 1 : -1));
  const rows = sorted.map((item) => [
    item.id.slice(0, 12),
    item.severity,
    statusOf(item, now),
    printable(item.condition),
    printable(placeOf(item)),
    agoText(Date.parse(item.openedAt), now),
    printable(whatText(item)),
  ]);
  const table = aligned([['ID', 'SEVERITY', 'STATUS', 'CONDITION', 'WHERE', 'SINCE', 'WHAT'], ...rows]);
  const [head = '', ...lines] = fitted(table, context.columns).split('\n');
  const painted = lines.map((line, i) => {
    const item = sorted[i];
    const waits = item?.severity === 'critical' && statusOf(item, now) === 'open';
    return waits ? paint('red', line) : line;
  });
  const more = context.isTerminal ? `${paint('dim', 'pmemwatch incidents ID says what to do about one')}\n` : '';
  return `${countsText(sorted, now, paint)}\n${[paint('dim', head), ...painted].join('\n')}\n${caveat}${more}`;
}

/** Small for what has to be looked at first. */
function urgency(item: IncidentItem, now: number): number {
  const waits = { open: 0, acknowledged: 10 }[statusOf(item, now)] ?? 20;
  return waits + severities.indexOf(item.severity);
}
function statusOf({ status, resolution, acknowledgement }: IncidentItem, now: number): string {
  if (status === 'resolved') return printable(resolution ?? 'resolved');
  if (acknowledgement === null) return 'open';
  const { author, reason, at, expiresAt } = acknowledgement;
  const until = expiresAt === null ? null : Date.parse(expiresAt);
  const given = { author, reason, at: Date.parse(at), expiresAt: until };
  return isAcknowledged({ acknowledgement: given }, now) ? 'acknowledged' : 'open';
}

function countsText(items: readonly IncidentItem[], now: number, paint: Paint): string {
  const open = items.filter(({ status }) => status === 'open');
  const waiting = open.filter((item) => statusOf(item, now) === 'open');
  const parts = severities.flatMap((severity) => {
    const count = waiting.filter((item) => item.severity === severity).length;
    return count === 0 ? [] : [paint(styles[severity], `${count} ${severity}`)];
  });
  if (open.length > waiting.length) parts.push(`${open.length - waiting.length} acknowledged`);
  if (items.length > open.length) parts.push(`${items.length - open.length} resolved`);
  return parts.join(', ');
}

/** What was hit, in one line: the first file, or what else holds the bytes. */
function whatText(item: IncidentItem): string {
  const { ranges, bytes, files } = item.totals;
  if (ranges === 0) return item.detail;
  const damage = `${byteText(bytes)} in ${counted(ranges, 'bad range')}`;
  const owners = (item.ranges ?? []).flatMap((range) => range.owners);
  const file = owners.find(({ kind, state }) => kind === 'file' && state !== 'unwritten') ?? owners.find(isFile);
  if (file !== undefined) {
    const others = files > 1 ? ` and ${counted(files - 1, 'more file')}` : '';
    return `${damage}: ${file.paths?.[0] ?? `inode ${file.inode ?? 'unknown'} on ${file.mountpoint ?? '?'}`}${others}`;
  }
  if (files > 0) return `${damage}, ${counted(files, 'damaged file')}`;
  const kinds = [
    ...new Set(owners.map(({ kind, metadata }) => (metadata === undefined ? kind : `${kind} (${metadata})`))),
  ];
  return kinds.length === 0 ? damage : `${damage}: ${kinds.join(', ')}`;
}
function isFile({ kind }: Owner): boolean {
  return kind === 'file';
}

/** Everything about one. */
export function incidentText(item: IncidentItem, context: CommandContext): string {
  const paint = painter(context.color);
  const now = context.clock.now();
  const status = statusOf(item, now);
  const style = item.status === 'open' ? styles[item.severity] : 'dim';
  const blocks = [
    [
      `${paint(style, `${item.severity} ${printable(item.condition)}, ${status}`)}  ${paint('dim', printable(item.id))}`,
      ...factLines(item, now),
    ],
    rangeLines(item, now, paint),
    stepLines(item, paint),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function factLines(item: IncidentItem, now: number): string[] {
  const { device, acknowledgement, resolvedAt } = item;
  const when = (time: string): string => `${timeText(Date.parse(time))}, ${agoText(Date.parse(time), now)}`;
  const place = [device.name, device.ndNamespace, device.ndRegion, device.bus].filter((part) => part);
  const dimms = (device.dimms ?? []).map(({ name, locator, serial, partNumber }) =>
    [
      locator === null ? name : `slot ${locator} (${name})`,
      serial === null ? '' : `serial ${serial}`,
      partNumber ? `part ${partNumber}` : '',
    ]
      .filter((part) => part !== '')
      .join(', '),
  );
  const uid = device.uid ? `, uid ${device.uid}` : '';
  const found = item.foundBy === undefined || item.foundBy === 'unknown' ? '' : `; found by ${item.foundBy}`;
  const rows: [string, string][] = [
    ['where', `${place.join(', ')}${uid}`],
    ...dimms.map((dimm): [string, string] => ['DIMM', dimm]),
    ['since', `${when(item.openedAt)}${found}`],
  ];
  if (resolvedAt) rows.push(['resolved', `${when(resolvedAt)}: ${item.resolution ?? ''}`]);
  if (acknowledgement !== null) {
    const { author, at, reason, expiresAt } = acknowledgement;
    const until = expiresAt === null ? '' : `, ${expiryText(Date.parse(expiresAt), now)}`;
    rows.push(['taken by', `${author}, ${agoText(Date.parse(at), now)}${until}${reason === '' ? '' : `: ${reason}`}`]);
  }
  rows.push(['what', item.totals.ranges === 0 ? item.detail : whatText(item)]);
  if (item.totals.ranges > 0 && item.detail !== '') rows.push(['', item.detail]);
  if (item.complete === false) rows.push(['', 'not everything about it is known']);
  if (item.previousIncident) rows.push(['before', `incident ${item.previousIncident.slice(0, 12)} at the same place`]);
  return aligned(rows.map(([name, value]) => [name, printable(value)])).split('\n');
}
function expiryText(at: number, now: number): string {
  return at <= now ? `ran out ${agoText(at, now)}` : `for ${spanText(Math.ceil((at - now) / 1000))} more`;
}

function rangeLines(item: IncidentItem, now: number, paint: Paint): string[] {
  const ranges = item.ranges ?? [];
  const lines = ranges.slice(0, MOST_RANGES).flatMap((range) => oneRange(item, range, now, paint));
  if (ranges.length > MOST_RANGES) lines.push(`and ${ranges.length - MOST_RANGES} more: --json shows all`);
  return lines;
}
function oneRange(item: IncidentItem, range: IncidentRange, now: number, paint: Paint): string[] {
  const { on, start, count, firstSeen, unconfirmed, owners } = range;
  const where = on === 'device' ? item.device.name : 'of the namespace or region itself:';
  const bytes = byteText(bytesFromSectors(sectorCount(count)));
  const first = `${printable(where)} ${start}+${count}  ${bytes}  since ${agoText(Date.parse(firstSeen), now)}`;
  const asked = { start, count } as Parameters<typeof describeOwner>[1];
  return [
    paint('bold', first),
    ...(unconfirmed === null ? [] : [paint('yellow', `  not confirmed: ${printable(unconfirmed)}`)]),
    ...owners.flatMap((owner) => describeOwner(owner, asked, paint)).map((line) => `  ${line}`),
  ];
}

function stepLines({ status, nextSteps = [], runbookUrl, condition }: IncidentItem, paint: Paint): string[] {
  if (status === 'resolved') return [];
  const runbook = runbookUrl ?? `docs/runbook.md, or /runbook of the agent: ${printable(condition)}`;
  return [
    paint('bold', 'Next steps'),
    ...nextSteps.map((step, i) => `${i + 1}. ${printable(step)}`),
    `${nextSteps.length === 0 ? 'See' : 'Runbook:'} ${printable(runbook)}`,
  ];
}
