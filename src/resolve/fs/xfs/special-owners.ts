import { type Run, run } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import { sectorsCovering, wholeSectors } from '../../../model/units.ts';
import { inodesIn, type XfsGeometry } from './geometry.ts';

/** XFS_FMR_OWN_* (fs/xfs/libxfs/xfs_fs.h): the low word of `'X' << 32 | n`, and FMR_OWN_*. */
const XFS_OWNER_HIGH = 0x58;
const HIGH = 0x1_0000_0000;
const NAMES: Readonly<Record<number, string>> = {
  2: 'journal',
  3: 'free-space or reverse-map btree',
  4: 'inode btree',
  6: 'refcount btree',
  7: 'copy-on-write staging',
};
const FREE = 1;
const METADATA = 3;

type What = Pick<Owner, 'kind' | 'metadata' | 'reason'>;

/** What a GETFSMAP record with a special owner holds; `undefined`: the file system does not tell. Bytes. */
export function specialOwner(g: XfsGeometry, owner: number, from: number, to: number): What | undefined {
  const high = Math.floor(owner / HIGH);
  if (high === 0) {
    if (owner === FREE) return { kind: 'free' };
    return owner === METADATA ? { kind: 'metadata', metadata: 'file system metadata' } : undefined;
  }
  if (high !== XFS_OWNER_HIGH) return undefined;
  const code = owner % HIGH;
  if (code === 5) {
    const { first, last } = inodesIn(g, from, to);
    return { kind: 'metadata', metadata: 'inode', reason: `holds inodes ${first} to ${last}` };
  }
  if (code === 8) return { kind: 'unknown', reason: 'the file system itself holds these sectors for damaged' };
  const metadata = NAMES[code];
  return metadata === undefined ? undefined : { kind: 'metadata', metadata };
}
export function isStaticOwner(owner: number): boolean {
  return owner === XFS_OWNER_HIGH * HIGH + 1;
}

/** The first four device sectors of each group: superblock (or its copy), AGF, AGI, AGFL. */
export function headerParts(g: XfsGeometry): { readonly where: Run; readonly metadata: string }[] {
  const perGroup = wholeSectors(g.blockBytes * g.groupBlocks);
  const one = sectorsCovering(0, g.sectorBytes);
  return Array.from({ length: g.groupCount }, (_, group) => group * perGroup).flatMap((start) => [
    { where: run(start, one), metadata: start === 0 ? 'superblock' : 'superblock backup' },
    { where: run(start + one, 3 * one), metadata: 'allocation group header' },
  ]);
}
