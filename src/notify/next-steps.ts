/**
 * What the owner of the bytes can do (kernel-abi section 10): only a write that covers whole pages (DAX) or whole blocks
 * clears a bad sector; pmemwatch never writes itself.
 */
import type { Incident } from '../model/incident.ts';
import type { Owner, OwnerKind } from '../model/owner.ts';
import { bytesOfPath, pathFromText } from '../model/path.ts';
import { type DamagedFile, damagedFiles, inodeName, openersOf } from './damaged-files.ts';
import type { PathPolicy } from './redaction.ts';
import { shellQuote } from './shell.ts';
import { byteRange, deviceName, pathOnOneLine, plural, processClause } from './wording.ts';

export interface StepOptions {
  readonly paths: PathPolicy;
  /** of the host: a DAX write clears whole pages */
  readonly pageBytes: number;
}
const MOST_FILES = 5;
const MOST_COMMANDS = 4;
const MOST_PER_KIND = 3;

export function nextSteps(incident: Incident, options: StepOptions): string[] {
  if (incident.status === 'resolved') {
    return incident.resolution === 'device_removed'
      ? [
          'When the device comes back, its bad-block list is read again and damage that is still there opens a new incident.',
        ]
      : [];
  }
  if (incident.condition !== 'media_error') return conditionSteps(incident);
  const owners = incident.ranges.flatMap((range) => range.owners);
  const files = damagedFiles(incident.ranges);
  const steps = files.slice(0, MOST_FILES).map((file) => fileStep(file, incident, options));
  if (files.length > MOST_FILES) {
    steps.push(
      `${plural(files.length - MOST_FILES, 'more damaged file')}: pmemwatch check lists them with their byte ranges.`,
    );
  }
  for (const kind of otherKinds) {
    const own = owners.filter((owner) => owner.kind === kind);
    if (own.length > 0)
      steps.push(...new Set(own.slice(0, MOST_PER_KIND).map((owner) => ownerStep(owner, own, incident, options))));
  }
  if (files.length > 0) {
    steps.push('Deleting the file does not clear it: the bad sectors would hit the next file that gets the space.');
    steps.push(
      'If the write fails, or the sectors stay listed after it, this platform cannot clear them (QEMU, CXL): restore the file onto another device.',
    );
  }
  return steps;
}

const otherKinds: readonly Exclude<OwnerKind, 'file'>[] = [
  'metadata',
  'directory',
  'symlink',
  'deleted',
  'unreferenced',
  'unknown',
  'pending',
  'raw',
  'hidden',
  'free',
];

function fileStep(file: DamagedFile, incident: Incident, { paths, pageBytes }: StepOptions): string {
  const name = pathOnOneLine(shownName(file, paths));
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
  const commands = pageRuns(file, pageBytes)
    .slice(0, MOST_COMMANDS)
    .map(({ page, count }) => {
      const flags = owner?.dax === false ? ' oflag=direct' : '';
      return `dd if=GOOD_COPY of=${target} bs=${pageBytes} skip=${page} seek=${page} count=${count} conv=notrunc,fsync${flags}`;
    });
  const find =
    target === 'FILE' ? ` (FILE: see pmemwatch resolve ${resolveArguments(file.owners, incident)} on the host)` : '';
  const tail = file.ranges.some((range) => (range.offset + range.length) % 512 !== 0)
    ? ' The last page of the file must be written in whole, then cut back with truncate.'
    : '';
  return `${saveFirst}Rewrite ${bytes}${more} of ${name} (${unit}) from a good copy: ${commands.join(' ; ')}${find}.${tail}${copy}`;
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

function shownName(file: DamagedFile, paths: PathPolicy): string {
  return paths === 'full' ? file.path : inodeName(file.owners[0]);
}
function hasPath(owner: Owner | undefined): owner is Owner & { readonly paths: readonly string[] } {
  return owner?.paths?.[0] !== undefined;
}
function quotedPath(owner: Owner & { readonly paths: readonly string[] }): string {
  const text = owner.paths[0] ?? '';
  const base64 = owner.pathsBase64?.[0];
  return shellQuote(bytesOfPath(base64 === undefined ? pathFromText(text) : { text, base64 }));
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

function copyHint(owners: readonly Owner[]): string {
  const copy = owners.find((owner) => owner.goodCopy?.exists === 'yes')?.goodCopy;
  return copy === undefined
    ? ''
    : ` Another good copy exists${copy.where === null ? '' : `: ${pathOnOneLine(copy.where)}`}.`;
}

function resolveArguments(owners: readonly Owner[], incident: Incident): string {
  const shown = owners.slice(0, MOST_COMMANDS).map((owner) => `${owner.start}+${owner.count}`);
  return `${owners[0]?.device || deviceName(incident.subject)} ${shown.join(' ')}`;
}

function ownerStep(owner: Owner, all: readonly Owner[], incident: Incident, { paths }: StepOptions): string {
  const device = owner.device || deviceName(incident.subject);
  const where = owner.mountpoint === undefined ? device : shellQuote(Buffer.from(owner.mountpoint));
  const copy = copyHint(all);
  switch (owner.kind) {
    case 'metadata':
      return `Stop what uses ${where}, save what can be read, unmount it and check it: ${fsckCommand(owner, device)}. A repair reads the bad sectors too: have a backup ready.${copy}`;
    case 'directory':
    case 'symlink': {
      const name = paths === 'full' && hasPath(owner) ? quotedPath(owner) : inodeName(owner);
      return `Restore the ${owner.kind === 'symlink' ? 'symbolic link' : 'directory'} ${name} from a backup, then unmount and check the file system: ${fsckCommand(owner, device)}.${copy}`;
    }
    case 'deleted':
      return `${processClause(openersOf(all)) || 'A process still has the deleted file open.'} Restart it to let go of ${inodeName(owner)}: the bad sectors then lie in free space, they are not cleared by that.${copy}`;
    case 'unreferenced':
      return `Check the file system at the next chance: unmount it and run ${fsckCommand(owner, device)}.${copy}`;
    case 'unknown':
      return `Ask again who owns the bytes: pmemwatch resolve ${resolveArguments(all, incident)}`;
    case 'pending':
      return `The owner is being looked for; to ask at once: pmemwatch resolve ${resolveArguments(all, incident)}`;
    case 'raw':
      return `Restore the sectors of ${device} from the copy of the application that uses it; to clear them, sectors ${owner.start}–${owner.start + owner.count - 1} must be overwritten in whole.${copy}`;
    case 'hidden':
      return `Save the data of ${device} and make the namespace anew (ndctl create-namespace -f -e ${incident.subject.ndNamespace || 'NAMESPACE'}): ${owner.metadata ?? 'hidden data'} cannot be repaired in place.${copy}`;
    case 'free':
      return 'Nothing is lost. The bad sectors clear when whole blocks are written there; until then they may hit the next file that gets the space.';
    case 'file':
      return '';
    default:
      return owner.kind satisfies never;
  }
}

function fsckCommand(owner: Owner, device: string): string {
  const node = `/dev/${owner.layers?.at(-1)?.device ?? device}`;
  switch (owner.fsType) {
    case 'xfs':
      return `xfs_repair -n ${node}`;
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return `e2fsck -fn ${node}`;
    case 'btrfs':
      return `btrfs check --readonly ${node}`;
    default:
      return `fsck -n ${node}`;
  }
}

function conditionSteps(incident: Incident): string[] {
  const device = deviceName(incident.subject);
  switch (incident.condition) {
    case 'badblocks_unreadable':
      return [
        `See why the list cannot be read: pmemwatch list, and the kernel log for ${device} and ${incident.subject.ndRegion}. A disabled region is enabled with ndctl enable-region.`,
      ];
    case 'badblocks_incomplete':
      return [
        'The kernel shows no more than one page of entries: clear what is listed, and the rest comes into sight. Consider replacing the DIMM.',
      ];
    case 'device_stuck':
      return [
        `See the kernel log for ${device} and for the hung task; a call into the driver or the firmware does not return.`,
      ];
    case 'store_unwritable':
      return [
        'Free space on, or make writable, the file system that holds the state file; what is pending is written by itself.',
      ];
    default:
      return [];
  }
}
