import type { Owner } from '../../model/owner.ts';
import type { PathName } from '../../model/path.ts';
import type { BytePath, OtherName, PathSpace } from './visible-path.ts';

export type OwnerPaths = Pick<Owner, 'paths' | 'pathsBase64' | 'pathsComplete' | 'linkCount' | 'reason' | 'otherPaths'>;

/** Names through other mounts that are told of one file: a host can have thousands of containers that see it. */
const MOST_OTHERS = 16;

/**
 * How an inode's names are told: as people reach them through the mounts. Complete only if there are as many as the
 * inode has links, and all of them can be reached.
 */
export function ownerPaths(
  internal: readonly BytePath[],
  links: number | 'directory',
  space: PathSpace,
  whyFewer?: string,
): OwnerPaths {
  const expected = links === 'directory' ? 1 : links;
  const shown: PathName[] = [];
  let reason: string | undefined;
  for (const path of internal) {
    const seen = space.visible(path);
    if (seen.kind === 'visible') shown.push(seen.path);
    else reason ??= seen.reason;
  }
  if (shown.length > 1) shown.sort((a, b) => compare(a.base64, b.base64));
  if (internal.length < expected && reason === undefined) {
    reason = `${expected - internal.length} of ${expected} names ${expected === 1 ? 'was' : 'were'} not found`;
    if (whyFewer !== undefined) reason += `: ${whyFewer}`;
  }
  const told: { -readonly [Field in keyof OwnerPaths]: OwnerPaths[Field] } = {
    paths: shown.map((p) => p.text),
    pathsBase64: shown.map((p) => p.base64),
    pathsComplete: reason === undefined,
  };
  if (links !== 'directory') told.linkCount = links;
  if (reason !== undefined) told.reason = reason;
  const others = otherPaths(internal, space);
  if (others.length > 0) told.otherPaths = others;
  return told;
}

function otherPaths(internal: readonly BytePath[], space: PathSpace): NonNullable<Owner['otherPaths']> {
  const found: OtherName[] = [];
  for (const path of internal) {
    if (found.length >= MOST_OTHERS) break;
    found.push(...space.others(path, MOST_OTHERS - found.length));
  }
  return found.map(({ path, pid }) => ({
    path: path.text,
    pathBase64: path.base64,
    mountNamespace: pid === undefined ? null : { pid },
  }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
