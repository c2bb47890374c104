/** How the owner of a damaged file writes it anew: only a write of whole pages (DAX) or whole blocks clears a bad sector. */
import type { Incident } from '../model/incident.ts';
import type { Owner } from '../model/owner.ts';
import { bytesOfPath, pathFromText } from '../model/path.ts';
import { type DamagedFile, inodeName } from './damaged-files.ts';
import type { PathPolicy } from './redaction.ts';
import { shellQuote } from './shell.ts';
import { byteRange, deviceName, pathOnOneLine, plural } from './wording.ts';

export interface StepOptions {
  readonly paths: PathPolicy;
  /** of the host: a DAX write clears whole pages */
  readonly pageBytes: number;
}
const MOST_COMMANDS = 4;

export function fileStep(file: DamagedFile, incident: Incident, { paths, pageBytes }: StepOptions): string {
  const name = pathOnOneLine(paths === 'full' ? file.path : inodeName(file.owners[0]));
  const copy = copyHint(file.owners);
  if (!file.lost) {
    return `Nothing is lost in ${name}: the bad sectors hold no data yet. They clear when whole blocks are written there.${copy}`;
  }
  const [owner] = file.owners;
  const saveFirst = cacheHint(file, paths, pageBytes);
  const bytes = file.ranges.map(byteRange).slice(0, MOST_COMMANDS).join(', ');
  const more =
    file.ranges.length > MOST_COMMANDS ? ` and ${plural(file.ranges.length - MOST_COMMANDS, 'more range')}` : '';
  if (file.owners.some((o) => o.shared) && file.owners.some((o) => o.dax)) {
    return (
      `Replace ${name} by a good copy (write the copy beside it and rename it over): bytes ${bytes.replace(/^bytes? /, '')}${more} ` +
      `are shared with other files (reflink), so writing in place fails.${copy}`
    );
  }
  const unit = owner?.dax === false ? 'whole blocks' : `the whole ${pageBytes / 1024} KiB page`;
  const target = paths === 'full' && hasPath(owner) ? quotedPath(owner) : 'FILE';
  const find =
    target === 'FILE' ? ` (FILE: see pmemwatch resolve ${resolveArguments(file.owners, incident)}, on the host)` : '';
  return (
    `${saveFirst}Rewrite ${bytes}${more} of ${name} (${unit}) from a good copy: ${commands(file, target, pageBytes)}${find}. ` +
    `Nothing may be appended to the file meanwhile: its last page is written in whole, then cut back.${copy}`
  );
}

/**
 * A write that stops at the end of the file covers no whole page, clears nothing and fails. Where the file ends is not
 * known here, and it may grow: so `sync` pads the last page, and the file gets its length back.
 */
function commands(file: DamagedFile, target: string, pageBytes: number): string {
  const runs = pageRuns(file, pageBytes);
  const flags = file.owners[0]?.dax === false ? ' oflag=direct' : '';
  const writes = runs
    .slice(0, MOST_COMMANDS)
    .map(
      ({ page, count }) =>
        `dd if=GOOD_COPY of="$f" bs=${pageBytes} skip=${page} seek=${page} count=${count} conv=notrunc,sync,fsync${flags}`,
    );
  const more = runs.length - writes.length;
  const rest = more > 0 ? `, and the same for ${plural(more, 'more run', 'more runs')} of pages` : '';
  return `f=${target} && s=$(stat -c %s "$f") && ${writes.join(' && ')} ; truncate -s "$s" "$f"${rest}`;
}

/** What the page cache still served when the file was looked at can be saved before anything else is done. */
function cacheHint(file: DamagedFile, paths: PathPolicy, pageBytes: number): string {
  const cached = file.owners.filter((owner) => owner.readersGet?.from === 'page cache');
  const [owner] = cached;
  if (owner === undefined) return '';
  const from = paths === 'full' && hasPath(owner) ? quotedPath(owner) : 'FILE';
  const ranges = cached.flatMap(({ offset, length }) =>
    offset === undefined || length === undefined ? [] : [{ offset, length }],
  );
  const commands = pageRuns({ ranges }, pageBytes)
    .slice(0, MOST_COMMANDS)
    .map(
      ({ page, count }) =>
        `dd if=${from} of=SAVED bs=${pageBytes} skip=${page} seek=${page} count=${count} conv=notrunc`,
    );
  return `First, and before the memory is needed for something else, save what the page cache still held of it: ${commands.join(' ; ')}. Then: `;
}

/** The pages that hold the damaged bytes, as runs. */
function pageRuns(
  file: Pick<DamagedFile, 'ranges'>,
  pageBytes: number,
): { readonly page: number; readonly count: number }[] {
  const runs: { page: number; count: number }[] = [];
  for (const { offset, length } of file.ranges) {
    const first = Math.floor(offset / pageBytes);
    const last = Math.floor((offset + Math.max(1, length) - 1) / pageBytes);
    const before = runs.at(-1);
    if (before !== undefined && first <= before.page + before.count) {
      before.count = Math.max(before.count, last - before.page + 1);
    } else runs.push({ page: first, count: last - first + 1 });
  }
  return runs;
}

export function hasPath(owner: Owner | undefined): owner is Owner & { readonly paths: readonly string[] } {
  return owner?.paths?.[0] !== undefined;
}
export function quotedPath(owner: Owner & { readonly paths: readonly string[] }): string {
  const text = owner.paths[0] ?? '';
  const base64 = owner.pathsBase64?.[0];
  return shellQuote(bytesOfPath(base64 === undefined ? pathFromText(text) : { text, base64 }));
}

export function copyHint(owners: readonly Owner[]): string {
  const copy = owners.find((owner) => owner.goodCopy?.exists === 'yes')?.goodCopy;
  return copy === undefined
    ? ''
    : ` Another good copy exists${copy.where === null ? '' : `: ${pathOnOneLine(copy.where)}`}.`;
}

/** `pmem0 262144+8 262160+8`, and how many more there are. */
export function resolveArguments(owners: readonly Owner[], incident: Incident): string {
  const device = owners[0]?.device || deviceName(incident.subject);
  const shown = owners.slice(0, MOST_COMMANDS).map((owner) => `${owner.start}+${owner.count}`);
  const more = owners.length - shown.length;
  const rest = more > 0 ? `, and the same for ${plural(more, 'more range')} (pmemwatch list shows them)` : '';
  return `${device} ${shown.join(' ')}${rest}`;
}
