/** What the owner of the bytes can do (kernel-abi section 10); pmemwatch never writes itself. */
import type { Incident } from '../model/incident.ts';
import type { Owner, OwnerKind } from '../model/owner.ts';
import { damagedFiles, inodeName, openersOf } from './damaged-files.ts';
import { dimmSteps } from './dimm-wording.ts';
import { copyHint, fileStep, hasPath, quotedPath, resolveArguments, type StepOptions } from './rewrite-step.ts';
import { shellQuote } from './shell.ts';
import { deviceName, plural, processClause } from './wording.ts';

const MOST_FILES = 5;
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
    const distinct = [...new Set(own.map((owner) => ownerStep(owner, own, incident, options)))];
    steps.push(...distinct.slice(0, MOST_PER_KIND));
    const more = distinct.length - MOST_PER_KIND;
    if (more > 0) steps.push(`The same for ${more} more of this kind: pmemwatch list shows every bad range.`);
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
    case 'scrub_overdue':
      return [
        `Search it now: pmemwatch rescan ${device} --wait. It runs beside everything else, for minutes to hours.`,
        'If no scheduled one has come: see scrub.schedule and scrub.max_load in the configuration, and why none could be started (pmemwatch events).',
      ];
    case 'scrub_failed':
      return [
        `See the kernel log for ${device} (ARS), put right what is told above, then try again: pmemwatch rescan ${device} --wait.`,
      ];
    case 'receiver_unreachable':
      return [
        `See what ${device} answers (the log of the agent, pmemwatch events), put its address, token or the receiver right, and reload the configuration.`,
        'What waits is then sent. What was refused for good is not sent again: pmemwatch incidents has what it was about.',
      ];
    case 'store_unwritable':
      return [
        'Free space on, or make writable, the file system that holds the state file; what is pending is written by itself.',
      ];
    default:
      return dimmSteps(incident) ?? [];
  }
}
