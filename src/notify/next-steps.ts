/** What the owner of the bytes can do: rows of docs/recovery-model.md, filled in. pmemwatch never writes itself. */
import type { Incident } from '../model/incident.ts';
import type { Owner, OwnerKind } from '../model/owner.ts';
import { damagedFiles } from './damaged-files.ts';
import { dimmSteps } from './dimm-wording.ts';
import { kindsWithoutFile, ownerStep } from './owner-step.ts';
import { citing } from './recovery-row.ts';
import { copyHint, fileStep, type StepOptions } from './rewrite-step.ts';
import { deviceName, plural } from './wording.ts';

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
      `${plural(files.length - MOST_FILES, 'more damaged file')}: pmemwatch check PATH lists them with their byte ranges.`,
    );
  }
  for (const kind of kindsWithoutFile) {
    const own = owners.filter((owner) => owner.kind === kind);
    const copy = copyHint(own);
    const distinct = [
      ...new Set(spokesmen(own).map((owner) => ownerStep(owner, { all: own, copy }, incident, options))),
    ];
    steps.push(...distinct.slice(0, MOST_PER_KIND));
    const more = distinct.length - MOST_PER_KIND;
    if (more > 0) steps.push(`The same for ${more} more of this kind: \`pmemwatch list\` shows every bad range.`);
  }
  const rewritten = files.filter((file) => file.lost && file.goodCopy !== 'yes');
  const inPlace = rewritten.some(({ owners: [owner] }) => owner?.fsType !== 'btrfs');
  if (rewritten.length > 0) steps.push(...afterwards(incident, inPlace));
  return steps;
}

/** Those of whom one step speaks together need it made once: there may be thousands. */
function spokesmen(own: readonly Owner[]): readonly Owner[] {
  const apart = own.filter((owner) => !toldTogether.has(owner.kind) || owner.goodCopy?.exists === 'yes');
  const together = new Map<string, Owner>();
  for (const owner of own) {
    const key = `${owner.device}\n${owner.mountpoint}\n${owner.inode}`;
    if (toldTogether.has(owner.kind) && !together.has(key)) together.set(key, owner);
  }
  return [...together.values(), ...apart];
}
const toldTogether: ReadonlySet<OwnerKind> = new Set(['unknown', 'pending', 'free', 'deleted']);

function afterwards({ subject: { canClear } }: Incident, inPlace: boolean): string[] {
  if (canClear === false) {
    return [
      citing(
        'left-free',
        'Do not delete the damaged file: its bad sectors would hit the next file that gets the space.',
      ),
    ];
  }
  const leftFree = citing(
    'left-free',
    'Deleting, truncating or copying over the file does not clear them: they would wait in free space for the next file.',
  );
  if (!inPlace) return [leftFree];
  const who = canClear === true ? 'firmware' : 'this platform';
  return [
    leftFree,
    citing(
      'cannot-clear',
      `If a write fails or the sectors stay listed after it, ${who} cannot clear them: put a good copy on another device, keep the damaged file, replace the module.`,
    ),
  ];
}

function conditionSteps(incident: Incident): string[] {
  const device = deviceName(incident.subject);
  switch (incident.condition) {
    case 'badblocks_unreadable':
      return [
        `See why the list cannot be read: \`pmemwatch list\`, and the kernel log for ${device} and ${incident.subject.ndRegion}. A disabled region is enabled with \`ndctl enable-region\`.`,
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
        `Search it now: \`pmemwatch rescan ${device} --wait\`. It runs beside everything else, for minutes to hours.`,
        'If no scheduled one has come: see scrub.schedule and scrub.max_load in the configuration, and why none could be started (`pmemwatch events`).',
      ];
    case 'scrub_failed':
      return [
        `See the kernel log for ${device} (ARS), put right what is told above, then try again: \`pmemwatch rescan ${device} --wait\`.`,
      ];
    case 'receiver_unreachable':
      return [
        `See what it answers: \`pmemwatch deliveries --receiver ${device}\`. Put its address, token or the receiver right, reload the configuration, and try: \`pmemwatch receivers test ${device}\`.`,
        `What waits is then sent by itself. What was refused is sent again by \`pmemwatch replay --receiver ${device}\`.`,
      ];
    case 'store_unwritable':
      return [
        'Free space on, or make writable, the file system that holds the state file; what is pending is written by itself.',
      ];
    default:
      return dimmSteps(incident) ?? [];
  }
}
