import { type Run, subtract } from '../../../model/extent.ts';
import { bytesFromSectors, sectorCount } from '../../../model/units.ts';

/** A piece whose inode is known by number; names and kind come when all are known. */
export interface Claim {
  readonly where: Run;
  readonly inode: number;
  /** bytes in the file */
  readonly offset: number;
  /** as in GETFSMAP (FSMAP) */
  readonly flags: number;
}

/** What of the claims lies outside of `away`. */
export function claimsOutside(claims: readonly Claim[], away: readonly Run[]): Claim[] {
  if (away.length === 0) return [...claims];
  return claims.flatMap((claim) =>
    subtract([claim.where], away).map((where) => ({
      ...claim,
      where,
      offset: claim.offset + bytesFromSectors(sectorCount(where.start - claim.where.start)),
    })),
  );
}
