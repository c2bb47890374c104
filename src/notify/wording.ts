/** Small pieces of text that messages are made of. Everything here fits on one line. */
import type { FoundBy } from '../model/change.ts';
import type { IncidentSubject } from '../model/incident.ts';
import type { OpenBy, Owner } from '../model/owner.ts';
import { kernelUserText, processPlaces } from '../model/process-text.ts';

const MOST_PATH_CHARACTERS = 400;

/** A path on one line: control characters escaped, the middle of a very long one left out. */
export function pathOnOneLine(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be made visible
  const visible = path.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeControl);
  if (visible.length <= MOST_PATH_CHARACTERS) return visible;
  const half = MOST_PATH_CHARACTERS / 2;
  return `${visible.slice(0, half)}…${visible.slice(-half)}`;
}
function escapeControl(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The device as people call it: its kernel name, or that of the namespace or region where no device shows it. */
export function deviceName(subject: IncidentSubject): string {
  return subject.device || subject.ndNamespace || subject.ndRegion || subject.uid;
}

/** `device pmem0, DIMM slot C1-D2, serial 0x2a50` */
export function whereText(subject: IncidentSubject): string {
  const parts = [`device ${deviceName(subject)}`];
  const [only, ...others] = subject.dimms;
  if (others.length > 0) parts.push(`interleaved over ${dimmsText(subject.dimms)}`);
  else if (only !== undefined) parts.push(dimmsText([only]));
  if (others.length === 0 && only?.serial !== undefined) parts.push(`serial ${only.serial}`);
  return parts.join(', ');
}

interface NamedDimm {
  readonly name: string;
  readonly locator?: string | null;
}
/** `DIMM slots C1-D2, C1-D4`, and `DIMM nmem0` where the slot is not known: nobody would find that one on the board. '' for none */
export function dimmsText(dimms: readonly NamedDimm[]): string {
  if (dimms.length === 0) return '';
  const names = dimms.slice(0, 12).map(({ locator, name }) => locator ?? name);
  const what = dimms.every(({ locator }) => typeof locator === 'string') ? 'DIMM slot' : 'DIMM';
  return `${what}${dimms.length === 1 ? '' : 's'} ${names.join(', ')}${dimms.length > 12 ? `, … (${dimms.length})` : ''}`;
}

export function foundByText(foundBy: FoundBy): string {
  switch (foundBy) {
    case 'mce':
      return 'found by a machine check';
    case 'scrub':
      return 'found by a scrub';
    case 'boot':
      return 'known since the agent started';
    case 'poll':
      return 'found in the bad-block list';
    case 'unknown':
      return 'how it was found is not known';
    default:
      return foundBy satisfies never;
  }
}

/** `2026-01-01 14:02:07 UTC` */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Those who would be hit first come first. */
export function byDanger(a: OpenBy, b: OpenBy): number {
  return dangerOf(b) - dangerOf(a) || a.pid - b.pid;
}
export function dangerOf(open: OpenBy): number {
  return open.mapsDamaged ? 2 : open.mapped ? 1 : 0;
}

/**
 * `postgres (pid 4711, postgresql@15.service) has the damaged page mapped, and 2 more processes with it.` or ''. `count` is
 * how many there are where `openBy` holds only the first.
 */
export function processClause(openBy: readonly OpenBy[], count = openBy.length): string {
  const [first] = [...openBy].sort(byDanger);
  if (first === undefined) return '';
  const who = [`pid ${first.pid}`, ...processPlaces(first).map(pathOnOneLine)];
  const does = first.mapsDamaged ? 'has the damaged page mapped' : first.mapped ? 'has the file mapped' : 'has it open';
  const others = Math.max(count, openBy.length) - 1;
  const more = others === 0 ? '' : `, and ${plural(others, 'more process', 'more processes')} with it`;
  return `${pathOnOneLine(first.command)} (${who.join(', ')}) ${does}${more}.`;
}

/** `The kernel swaps to it (/swapfile).` or '' */
export function kernelClause(owners: readonly Pick<Owner, 'kernelUsers'>[]): string {
  const texts = new Set(owners.flatMap((owner) => owner.kernelUsers ?? []).map(kernelUserText));
  if (texts.size === 0) return '';
  const text = pathOnOneLine([...texts].join(', '));
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
