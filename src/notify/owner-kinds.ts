/** What is bad, by the kinds of its owners. */
import { coalesce, totalBytes } from '../model/extent.ts';
import { kindsByHarm, type Owner, type OwnerKind } from '../model/owner.ts';
import { plural } from './wording.ts';

/** Kinds of metadata that are named; the others are counted. */
const MOST_NAMES = 4;

/** What the owners say they are, each once: `inode table, journal` */
export function namesOf(owners: readonly Owner[]): string {
  const names = [...new Set(owners.flatMap((owner) => owner.metadata ?? []))];
  const more = names.length - MOST_NAMES;
  return [...names.slice(0, MOST_NAMES), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** `Also bad: 4096 bytes of metadata (inode table), 8192 bytes of an unknown owner.`; '' when the worst kind is all there is */
export function alsoText(owners: readonly Owner[], told: OwnerKind): string {
  const parts = kindsByHarm.flatMap((kind) => {
    const own = kind === told ? [] : owners.filter((owner) => owner.kind === kind);
    return own.length === 0 ? [] : [`${plural(badBytes(own), 'byte')} of ${kindText(kind, own)}`];
  });
  return parts.length === 0 ? '' : `Also bad: ${parts.join(', ')}.`;
}
function kindText(kind: OwnerKind, owners: readonly Owner[]): string {
  const names = namesOf(owners);
  const aside = names === '' ? '' : ` (${names})`;
  switch (kind) {
    case 'file':
      return 'unwritten space of files';
    case 'metadata':
      return `metadata${aside}`;
    case 'directory':
      return 'directories';
    case 'symlink':
      return 'symbolic links';
    case 'deleted':
      return 'deleted files that are still open';
    case 'unreferenced':
      return 'allocated space that no file shows';
    case 'unknown':
      return 'an unknown owner';
    case 'pending':
      return 'owners that are being looked for';
    case 'raw':
      return `space without a file system${aside}`;
    case 'hidden':
      return names || 'hidden data';
    case 'free':
      return 'free space';
    default:
      return kind satisfies never;
  }
}

/** Shared sectors count once; sectors on the device and on the place below it are counted apart. */
export function badBytes(owners: readonly Owner[]): number {
  const devices = new Set(owners.map((owner) => owner.device));
  return [...devices].reduce((sum, device) => sum + totalBytes(coalesce(owners.filter((o) => o.device === device))), 0);
}
