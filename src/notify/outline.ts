/** What the dialects say of a message in words. Everything here is on one line. Pure. */
import { byteRange } from '../model/byte-text.ts';
import type { Message, MessageFile } from '../model/message.ts';
import { dimmsText, kernelClause, pathOnOneLine, plural, processClause } from './wording.ts';

/** `CRITICAL: media error on db07, pmem0` */
export function headline(message: Message): string {
  const { host, device, condition, type } = message;
  if (type === 'pmem.test') return `TEST: a message from pmemwatch on ${host.name}`;
  if (type === 'pmem.heartbeat') return `pmemwatch on ${host.name} is alive`;
  const where = device.name || device.ndNamespace || device.ndRegion;
  const on = where === '' ? host.name : `${host.name}, ${where}`;
  return `${stateWord(message)}: ${condition.replaceAll('_', ' ')} on ${on}`;
}
function stateWord({ status, resolution, type, severity }: Message): string {
  if (status === 'resolved') return resolution === 'cleared' || resolution === null ? 'RESOLVED' : 'CLOSED';
  return type === 'pmem.incident.acknowledged' ? 'ACKNOWLEDGED' : severity.toUpperCase();
}

/** `device pmem0, namespace0.0, DIMM slots C1-D2, C1-D4`; '' where the incident is about no device */
export function placeText({ device }: Message): string {
  const named = device.name === '' ? '' : `device ${device.name}`;
  return [named, device.ndNamespace || device.ndRegion, dimmsText(device.dimms)]
    .filter((part) => part !== '')
    .join(', ');
}

/** `/pg/base/24711: bytes 8192–12287; postgres (pid 4711) has the damaged page mapped.` */
export function fileText({
  path,
  ranges,
  rangesOmitted = 0,
  openBy,
  openByCount,
  kernelUsers,
  goodCopy,
}: MessageFile): string {
  const [first] = ranges;
  const bytes = first === undefined ? '' : `: ${byteRange(first)}`;
  const others = ranges.length - 1 + rangesOmitted;
  const more = others < 1 ? '' : ` and ${plural(others, 'more range')}`;
  const clauses = [
    goodCopy === 'yes' ? 'another good copy exists.' : '',
    processClause(openBy, openByCount),
    kernelUsers === undefined ? '' : kernelClause([{ kernelUsers }]),
  ].filter((clause) => clause !== '');
  return `${pathOnOneLine(path)}${bytes}${more}${clauses.length === 0 ? '' : `; ${clauses.join(' ')}`}`;
}

/** The damaged files, worst first; the last line counts those that are left out. */
export function fileTexts({ files, filesOmitted }: Message): string[] {
  const texts = files.map(fileText);
  return filesOmitted === 0 ? texts : [...texts, `${plural(filesOmitted, 'more damaged file')}, not named here`];
}

/** `acknowledged by ann until 2026-01-01T15:00:00.000Z: restoring`, or '' */
export function acknowledgementText({ acknowledgement }: Message): string {
  if (acknowledgement === null) return '';
  const { author, reason, expiresAt } = acknowledgement;
  const until = expiresAt === null ? '' : ` until ${expiresAt}`;
  return `acknowledged by ${pathOnOneLine(author)}${until}${reason === '' ? '' : `: ${pathOnOneLine(reason)}`}`;
}

/** At most so many UTF-16 units, never half a character. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most - 1);
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}
