/** The one line that a person acts on. */
import { byteRange } from '../model/byte-text.ts';
import { totalBytes } from '../model/extent.ts';
import type { Incident, Notice, TrackedRange } from '../model/incident.ts';
import { fileIdentity, kindsByHarm, type Owner, type OwnerKind } from '../model/owner.ts';
import { type DamagedFile, damagedFiles, inodeName, openerCount, openersOf } from './damaged-files.ts';
import { dimmOver, dimmSentence } from './dimm-wording.ts';
import { alsoText, badBytes, namesOf } from './owner-kinds.ts';
import {
  deviceName,
  foundByText,
  kernelClause,
  pathOnOneLine,
  plural,
  processClause,
  timeText,
  whereText,
} from './wording.ts';

export function summaryOf(notice: Notice): string {
  const { incident, host } = notice;
  return `${host.name}: ${sentences(notice, incident)
    .concat(pathOnOneLine(notice.remark ?? ''))
    .filter((sentence) => sentence !== '')
    .join(' ')}`;
}

function sentences(notice: Notice, incident: Incident): string[] {
  if (incident.status === 'resolved') return resolvedSentences(incident);
  if (incident.condition !== 'media_error') return [`${prefix(notice)}${conditionText(incident)}`];
  const damage = worstDamage(incident);
  const first = Math.min(...incident.ranges.map((range) => range.firstSeen));
  return [
    `${prefix(notice)}${damage.what} (${whereText(incident.subject)}).`,
    processClause(damage.openBy, damage.openByCount),
    kernelClause(damage.owners),
    `First seen ${timeText(first)}, ${foundByText(incident.foundBy)}.`,
    damage.of,
    damage.kind === 'unknown' ? '' : incompleteText(incident.ranges),
    doubtText(incident.ranges),
  ];
}

function prefix({ type, incident, newRanges, newBytes }: Notice): string {
  // what is named first is the worst of all, which need not be what is new
  const added = newRanges === 0 ? '' : ` (${plural(newBytes, 'byte')} in ${plural(newRanges, 'new range')})`;
  switch (type) {
    case 'opened':
    case 'owners':
    case 'resolved':
      return '';
    case 'grew':
      return incident.condition === 'media_error' ? `more bad sectors${added}: ` : 'worse: ';
    case 'shrank':
      return incident.condition === 'media_error' ? 'some bad sectors cleared, left are: ' : 'better: ';
    case 'reminder':
      return 'still: ';
    case 'acknowledged':
      return `acknowledged by ${pathOnOneLine(incident.acknowledgement?.author ?? 'somebody')}: `;
    default:
      return type satisfies never;
  }
}

interface Damage {
  readonly kind: OwnerKind;
  readonly what: string;
  readonly openBy: Parameters<typeof processClause>[0];
  readonly openByCount: number;
  readonly owners: readonly Owner[];
  /** how much else there is; '' for nothing */
  readonly of: string;
}

function worstDamage(incident: Incident): Damage {
  const files = damagedFiles(incident.ranges);
  const owners = incident.ranges.flatMap((range) => range.owners);
  const [file] = files;
  const kind = worstKind(owners, file);
  const also = alsoText(owners, kind);
  if (kind === 'file' && file !== undefined) {
    const count = files.length > 1 ? `1 of ${files.length} damaged files.` : '1 damaged file.';
    return {
      kind,
      what: fileText(file),
      openBy: file.openBy,
      openByCount: openerCount(file.owners),
      owners: file.owners,
      of: [count, also].filter(Boolean).join(' '),
    };
  }
  const same = owners.filter((owner) => owner.kind === kind);
  return {
    kind,
    what: ownerText(incident, kind, same),
    openBy: openersOf(same),
    openByCount: openerCount(same),
    owners: same,
    of: also,
  };
}

function worstKind(owners: readonly Owner[], file: DamagedFile | undefined): OwnerKind {
  if (file?.lost) return 'file';
  return kindsByHarm.find((kind) => owners.some((owner) => owner.kind === kind)) ?? 'pending';
}

function fileText(file: DamagedFile): string {
  const [first, ...others] = file.ranges;
  const path = pathOnOneLine(file.path);
  const lost = file.lost ? 'lost' : 'has unwritten space on bad sectors at';
  if (first === undefined) return `${path} ${file.lost ? 'lost bytes' : 'has unwritten space on bad sectors'}`;
  const more = others.length === 0 ? '' : ` and ${plural(others.length, 'more range')}`;
  const copy = file.goodCopy === 'yes' ? '; another good copy exists' : '';
  return `${path} ${lost} ${byteRange(first)}${more}${copy}`;
}

function ownerText(incident: Incident, kind: OwnerKind, owners: readonly Owner[]): string {
  const [owner] = owners;
  const device = deviceName(incident.subject);
  const bytes = owners.length === 0 ? totalBytes(incident.ranges) : badBytes(owners);
  const lost = `lost ${plural(bytes, 'byte')}`;
  const fs = `${owner?.fsType ?? 'the file system'}${owner?.mountpoint === undefined ? '' : ` at ${pathOnOneLine(owner.mountpoint)}`}`;
  switch (kind) {
    case 'file':
    case 'directory':
    case 'symlink': {
      const one = kind === 'symlink' ? 'symbolic link' : kind;
      const others = inodesOf(owners) - 1;
      const many = kind === 'directory' ? 'directories' : `${one}s`;
      const more = others < 1 ? '' : ` and ${plural(others, `more ${one}`, `more ${many}`)}`;
      return `the ${one} ${pathOnOneLine(owner?.paths?.[0] ?? inodeName(owner))}${more} ${lost}`;
    }
    case 'metadata':
      return `metadata of ${fs} ${lost}: ${namesOf(owners) || 'of an unknown kind'}`;
    case 'deleted': {
      const others = inodesOf(owners) - 1;
      const was = owner?.formerPath === undefined ? '' : `was ${pathOnOneLine(owner.formerPath)}, `;
      return others < 1
        ? `a deleted file that is still open (${was}${inodeName(owner)}) ${lost}`
        : `deleted files that are still open (${was}${inodeName(owner)} and ${others} more) ${lost}`;
    }
    case 'unreferenced':
      return `${plural(bytes, 'byte')} of ${fs} lost: allocated, but no file shows them`;
    case 'free':
      return `${plural(bytes, 'bad byte')} in free space${owner?.fsType === undefined ? '' : ` of ${fs}`}, no file is damaged`;
    case 'raw':
      return `${device} ${lost}: ${contentText(namesOf(owners))}`;
    case 'hidden':
      return `${namesOf(owners) || 'hidden data'} of ${incident.subject.ndNamespace || device} ${lost}`;
    case 'pending':
      return `${plural(bytes, 'byte')} of ${device} lost, looking for what they belong to`;
    case 'unknown':
      return `${plural(bytes, 'byte')} of ${device} lost, what they belong to is not known: ${pathOnOneLine(owner?.reason ?? 'no reason was given')}`;
    default:
      return kind satisfies never;
  }
}
function inodesOf(owners: readonly Owner[]): number {
  return new Set(owners.map((owner) => JSON.stringify([owner.mountpoint, fileIdentity(owner)]))).size;
}
function incompleteText(ranges: readonly TrackedRange[]): string {
  const partial = ranges.filter((range) => range.ownersAt !== undefined && !range.ownersComplete);
  if (partial.length === 0) return '';
  const reason = partial.flatMap((range) => range.owners).find((owner) => owner.reason !== undefined)?.reason;
  return `The search for owners is not complete${reason === undefined ? '' : `: ${pathOnOneLine(reason)}`}.`;
}

function doubtText(ranges: readonly TrackedRange[]): string {
  const doubted = ranges.filter((range) => range.unconfirmed !== undefined);
  const [first] = doubted;
  if (first === undefined) return '';
  const which = doubted.length === ranges.length ? 'Not' : `${plural(doubted.length, 'range')} not`;
  return `${which} confirmed at present: ${pathOnOneLine(first.unconfirmed ?? '')}.`;
}

function resolvedSentences(incident: Incident): string[] {
  const device = deviceName(incident.subject);
  const subject = `(${whereText(incident.subject)})`;
  const was = incident.condition === 'media_error' ? ` It was: ${pastDamage(incident)}` : '';
  switch (incident.resolution) {
    case 'device_removed':
      return [
        `closed: ${device} has not been seen for long, whether it is still damaged is not known ${subject}.${was}`,
      ];
    case 'closed_by_operator':
      return [`closed by an operator: ${conditionName(incident)} ${subject}.${was}`];
    case 'cleared':
    case null:
      return [`resolved: ${clearedText(incident, device)}.${was}`];
    default:
      return [incident.resolution satisfies never];
  }
}
function pastDamage(incident: Incident): string {
  const { what, of } = worstDamage(incident);
  return of === '' || of === '1 damaged file.' ? `${what}.` : `${what}. ${of}`;
}
function clearedText(incident: Incident, device: string): string {
  switch (incident.condition) {
    case 'media_error':
      return `a complete reading lists no bad sectors any more (${whereText(incident.subject)})`;
    case 'badblocks_unreadable':
      return `the bad-block list of ${device} can be read again`;
    case 'badblocks_incomplete':
      return `the bad-block list of ${device} is complete again`;
    case 'device_stuck':
      return `${device} answers again`;
    case 'scrub_overdue':
      return `${device} has been searched in full for latent errors`;
    case 'scrub_failed':
      return `a scrub of ${device} has been seen through again`;
    case 'receiver_unreachable':
      return `the receiver ${device} ${incident.detail}`;
    case 'store_unwritable':
      return 'the state file can be written again';
    default:
      return dimmOver(incident) ?? `${conditionName(incident)} of ${device} is over`;
  }
}
function conditionText(incident: Incident): string {
  const device = deviceName(incident.subject);
  const detail = incident.detail === '' ? '' : `: ${pathOnOneLine(incident.detail)}`;
  switch (incident.condition) {
    case 'badblocks_unreadable':
      return `the bad-block list of ${device} cannot be read, so damage there stays unseen${detail} (${whereText(incident.subject)}).`;
    case 'badblocks_incomplete':
      return `the bad-block list of ${device} is not complete, so there is damage that stays unseen${detail} (${whereText(incident.subject)}).`;
    case 'device_stuck':
      return `${device} does not answer, it is not watched until it does${detail}.`;
    case 'scrub_overdue':
      return `${device} has not been searched in full for latent errors for too long, so damage there can stay unseen until it is read${detail}.`;
    case 'scrub_failed':
      return `the search of ${device} for latent errors does not succeed, so damage there can stay unseen until it is read${detail}.`;
    case 'receiver_unreachable':
      return `the receiver ${device} does not take messages, so those who are told through it know nothing${detail}.`;
    case 'store_unwritable':
      return `the state file cannot be written, alerts go out from memory and may come twice${detail}.`;
    default:
      return dimmSentence(incident) ?? `${conditionName(incident)} of ${device}${detail}.`;
  }
}
function conditionName(incident: Incident): string {
  return incident.condition.replaceAll('_', ' ');
}

/** What is no file system may still be told by name; what is not recognised may be one that we do not know. */
function contentText(names: string): string {
  return names === '' || names === 'unknown content'
    ? 'no file system that pmemwatch knows'
    : `no file system, ${names}`;
}
