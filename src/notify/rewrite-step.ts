/** How a damaged file gets its bytes back and its bad sectors cleared: rows of docs/recovery-model.md, filled in. */
import { byteRange } from '../model/byte-text.ts';
import type { Incident } from '../model/incident.ts';
import type { LayerExtent, Owner } from '../model/owner.ts';
import { bytesOfPath, pathFromText } from '../model/path.ts';
import { type DamagedFile, inodeName } from './damaged-files.ts';
import { citing } from './recovery-row.ts';
import type { PathPolicy } from './redaction.ts';
import { pageRuns, type Rewriting, rewriteCommand } from './rewrite-command.ts';
import { shellSet } from './shell.ts';
import { deviceName, pathOnOneLine, plural } from './wording.ts';

export interface StepOptions {
  readonly paths: PathPolicy;
  /** of the host: a DAX write clears whole pages */
  readonly pageBytes: number;
}
const MOST_COMMANDS = 4;

export function fileStep(file: DamagedFile, incident: Incident, { paths, pageBytes }: StepOptions): string {
  const [owner] = file.owners;
  const name = nameInStep(paths === 'full' ? file.path : inodeName(owner));
  if (!file.lost) {
    return citing(
      'unwritten',
      `Nothing is lost in ${name}: the bad sectors hold no data yet. ${
        incident.subject.canClear === false
          ? 'What is written there would be: copy the file to another device and keep this one as it is.'
          : 'They clear when whole blocks are written there.'
      }`,
    );
  }
  const repair = file.goodCopy === 'yes' ? repairFromCopy(file.owners, incident) : undefined;
  if (repair !== undefined) return `${name}: ${repair}`;
  const target = targetOf(file, incident, paths);
  const copy = copyHint(file.owners);
  if (incident.subject.canClear === false && someAreFree(incident, owner?.mountpoint)) {
    return citing(
      'cannot-clear',
      `No write to a bad sector succeeds here, and some are in free space, where a copy could get them. Restore ${name} on another ` +
        `device, leave the damaged file where it is, and replace the module.${copy}`,
    );
  }
  if (incident.subject.canClear === false) {
    return citing(
      'cannot-clear',
      `${cacheHint(file, target, pageBytes)}No write to a bad sector succeeds here. Put a good copy in the place of ${name} and keep the damaged file, renamed, so that ` +
        `nothing else gets its sectors. Set ${target.variables}, and run \`${target.set}; cp -aL "\${GOOD_COPY:?}" "$f.new" && sync "$f.new" && ` +
        `ln "$f" "$f.bad" && mv "$f.new" "$f"\`. Restart what has it open, and replace the module when you can.${copy}`,
    );
  }
  const bytes = file.ranges.map(byteRange).slice(0, MOST_COMMANDS).join(', ');
  const unnamed = file.ranges.length - MOST_COMMANDS;
  const more = unnamed > 0 ? ` and ${plural(unnamed, 'more range')}` : '';
  const { row, how, aside } = wayOf(file.owners);
  const runs = pageRuns(file, pageBytes);
  const moreRuns = runs.length - MOST_COMMANDS;
  const rest = moreRuns > 0 ? `, and the same for ${plural(moreRuns, 'more run', 'more runs')} of pages` : '';
  return citing(
    row,
    `${cacheHint(file, target, pageBytes)}Rewrite ${bytes}${more} of ${name} from a good copy${aside}. ` +
      `Set ${target.variables}, let nothing append to the file, and run \`${target.set}; ${rewriteCommand(runs.slice(0, MOST_COMMANDS), how, pageBytes)}\`${rest}.${copy}`,
  );
}

function someAreFree({ ranges }: Incident, mountpoint: string | undefined): boolean {
  return ranges.some(({ owners }) => owners.some((o) => o.kind === 'free' && o.mountpoint === mountpoint));
}

type Way = {
  readonly row: 'dax-write' | 'block-write' | 'dax-shared' | 'shared-write' | 'btrfs-write';
  readonly how: Rewriting;
  readonly aside: string;
};
function wayOf(owners: readonly Owner[]): Way {
  const shared = owners.some((owner) => owner.shared === true);
  const ofAll = ' (shared by reflink: in every file that has them, the last one clears them)';
  if (owners[0]?.fsType === 'btrfs') {
    return {
      row: 'btrfs-write',
      how: 'pages',
      aside: ' (btrfs writes it elsewhere: the sectors stay listed as free space)',
    };
  }
  if (owners.every((owner) => owner.dax === false)) {
    return shared
      ? { row: 'shared-write', how: 'blocks', aside: ofAll }
      : { row: 'block-write', how: 'blocks', aside: ' in whole blocks' };
  }
  return shared
    ? { row: 'dax-shared', how: 'unshared pages', aside: ofAll }
    : { row: 'dax-write', how: 'pages', aside: ' in whole pages' };
}

/** What writes the good copy of a redundant layer over the bad one; undefined where none is known to. */
export function repairFromCopy(owners: readonly Owner[], { subject }: Incident): string | undefined {
  const [owner] = owners;
  const where = owners.find((o) => typeof o.goodCopy?.where === 'string')?.goodCopy?.where;
  const from = `reads are served from another copy${typeof where === 'string' ? ` (${nameInStep(where)})` : ''}`;
  const array = owner?.layers?.find(isRedundantArray);
  if (subject.canClear === false) {
    return citing(
      'cannot-clear',
      `${from}. No write to a bad sector succeeds here: replace the module before that one fails too.`,
    );
  }
  if (owner?.fsType === 'btrfs' && owner.mountpoint !== undefined) {
    const set = shellSet('m', Buffer.from(owner.mountpoint));
    return citing('btrfs-scrub', `${from}; to write it over the bad one: \`${set}; btrfs scrub start -B "$m"\`.`);
  }
  if (array === undefined) return undefined;
  const sync = `/sys/block/${array.device}/md/sync_action`;
  return citing(
    'md-check',
    `${from}; to write it over the bad one: \`echo check >${sync}\` (progress: cat /proc/mdstat).`,
  );
}
function isRedundantArray({ kind }: LayerExtent): boolean {
  return /^md-raid(1|4|5|6|10)$/.test(kind);
}

interface Target {
  /** sets the variable f */
  readonly set: string;
  /** what is to be set before, in words */
  readonly variables: string;
}
function targetOf({ owners }: DamagedFile, incident: Incident, paths: PathPolicy): Target {
  const variables = "GOOD_COPY to the copy's path";
  const named = owners.find(hasPath);
  if (paths === 'full' && named !== undefined) return { set: shellSet('f', bytesOfName(named)), variables };
  return {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    set: 'f="${FILE:?}"',
    variables: `${variables} and FILE to the damaged one's (${resolveCommand(owners, incident)} tells it, on the host)`,
  };
}

/** What the page cache still served when the file was looked at can be saved before anything else is done. */
function cacheHint(file: DamagedFile, target: Target, pageBytes: number): string {
  const cached = file.owners.filter((owner) => owner.readersGet?.from === 'page cache');
  if (cached.length === 0) return '';
  const ranges = cached.flatMap(({ offset, length }) =>
    offset === undefined || length === undefined ? [] : [{ offset, length }],
  );
  const saves = pageRuns({ ranges }, pageBytes)
    .slice(0, MOST_COMMANDS)
    .map(
      ({ page, count }) =>
        `dd if="$f" of="\${SAVED:?}" bs=${pageBytes} skip=${page} seek=${page} count=${count} conv=notrunc`,
    );
  const save = `First save what the page cache still has of it: set SAVED to a new file elsewhere, and run \`${target.set}; ${saves.join(' && ')}\``;
  return `${citing('page-cache', save)}; that is a good copy of these pages. Then: `;
}

/** Between backticks stands what is to be pasted, and nothing else. */
export function nameInStep(path: string): string {
  return pathOnOneLine(path).replaceAll('`', '\\x60');
}
export function hasPath(owner: Owner | undefined): owner is Owner & { readonly paths: readonly string[] } {
  return owner?.paths?.[0] !== undefined;
}
function bytesOfName(owner: Owner & { readonly paths: readonly string[] }): Uint8Array {
  const text = owner.paths[0] ?? '';
  const base64 = owner.pathsBase64?.[0];
  return bytesOfPath(base64 === undefined ? pathFromText(text) : { text, base64 });
}

export function copyHint(owners: readonly Owner[]): string {
  const copy = owners.find((owner) => owner.goodCopy?.exists === 'yes')?.goodCopy;
  return copy === undefined
    ? ''
    : ` Another good copy exists${copy.where === null ? '' : `: ${nameInStep(copy.where)}`}.`;
}

/** A command that asks for the first of them, and how many more there are. */
export function resolveCommand(owners: readonly Owner[], incident: Incident): string {
  const device = owners[0]?.device || deviceName(incident.subject);
  const shown = owners.slice(0, MOST_COMMANDS).map((owner) => `${owner.start}+${owner.count}`);
  const more = owners.length - shown.length;
  const rest = more > 0 ? `, and the same for ${plural(more, 'more range')} (pmemwatch list shows them)` : '';
  return `\`pmemwatch resolve ${device} ${shown.join(' ')}\`${rest}`;
}
