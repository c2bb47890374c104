import type { Run } from '../model/extent.ts';
import type { Owner } from '../model/owner.ts';
import { bytes, bytesFromSectors, sectorCount } from '../model/units.ts';

/** The part of a file that lies in `part` of its owner's sectors. */
export function cutFile(owner: Owner, part: Run): Owner {
  if (owner.offset === undefined || owner.length === undefined) return owner;
  const into = bytesFromSectors(sectorCount(part.start - owner.start));
  // what is packed is lost as a whole: its length does not follow from its sectors
  if (owner.packed === true || owner.length !== bytesFromSectors(owner.count)) return owner;
  return { ...owner, offset: owner.offset + into, length: bytes(bytesFromSectors(part.count)) };
}
