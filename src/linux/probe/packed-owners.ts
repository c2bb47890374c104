/**
 * Owners on their way to the asker. Thousands of them differ in their place, inode and names only: what they share goes once,
 * and the exact bytes of a name only where its text does not tell them.
 */
import type { Owner, OwnerDraft } from '../../model/owner.ts';

/** What many owners have in common; `undefined` where an owner has none of it. */
const SHARED_FIELDS = [
  'kind',
  'device',
  'count',
  'fsType',
  'mountpoint',
  'mountNamespace',
  'length',
  'state',
  'shared',
  'packed',
  'dax',
  'pathsComplete',
  'linkCount',
  'openBy',
  'openByCount',
  'openByComplete',
  'openByReason',
  'kernelUsers',
  'readersGet',
  'goodCopy',
  'metadata',
  'reason',
] as const satisfies readonly (keyof Owner)[];

export type SharedFacts = Pick<Owner, (typeof SHARED_FIELDS)[number]>;
/** An owner without what it shares; without `pathsBase64` where `paths` tell them. */
type OwnFacts = Omit<Owner, keyof SharedFacts>;
/** Number of the shared facts, counted from 0 in the order in which they were sent, and the rest. */
export type PackedOwner = readonly [number, OwnFacts];

/** So many of the facts that were sent last are looked through for the same. */
const REMEMBERED = 8;
/** Beyond ASCII, or a backslash, behind which bytes may be told that are no text. */
const NOT_PLAIN = /[^\0-\x7f]|\\/;

export interface OwnerPacker {
  /** Calls `send` first with facts that are not sent yet. */
  pack(owner: Owner, send: (facts: SharedFacts) => void): PackedOwner;
}
export function createOwnerPacker(): OwnerPacker {
  const recent: { readonly number: number; readonly owner: Owner }[] = [];
  let sent = 0;
  return {
    pack(owner, send) {
      let known = recent.find((r) => isAlike(r.owner, owner));
      if (known === undefined) {
        known = { number: sent++, owner };
        recent.unshift(known);
        if (recent.length > REMEMBERED) recent.pop();
        send(sharedOf(owner));
      }
      return [known.number, ownOf(owner)];
    },
  };
}

function isAlike(a: Owner, b: Owner): boolean {
  for (const field of SHARED_FIELDS) {
    const [x, y] = [a[field], b[field]];
    if (x !== y && (typeof x !== 'object' || JSON.stringify(x) !== JSON.stringify(y))) return false;
  }
  return true;
}
function sharedOf(owner: Owner): SharedFacts {
  const facts: Partial<Record<keyof SharedFacts, unknown>> = {};
  for (const field of SHARED_FIELDS) if (owner[field] !== undefined) facts[field] = owner[field];
  return facts as unknown as SharedFacts;
}
function ownOf(owner: Owner): OwnFacts {
  const { start, inode, subvolume, offset, paths, pathsBase64, layers, otherPaths, formerPath } = owner;
  const exact = paths?.some((path) => NOT_PLAIN.test(path)) === true;
  const own: { -readonly [Field in keyof OwnFacts]: OwnFacts[Field] } = { start };
  if (inode !== undefined) own.inode = inode;
  if (subvolume !== undefined) own.subvolume = subvolume;
  if (offset !== undefined) own.offset = offset;
  if (paths !== undefined) own.paths = paths;
  if (pathsBase64 !== undefined && (exact || paths === undefined)) own.pathsBase64 = pathsBase64;
  if (layers !== undefined) own.layers = layers;
  if (otherPaths !== undefined) own.otherPaths = otherPaths;
  if (formerPath !== undefined) own.formerPath = formerPath;
  return own;
}

export interface OwnerUnpacker {
  learn(facts: SharedFacts): void;
  /** @throws Error for facts that were not sent */
  unpack(packed: PackedOwner): Owner;
}
export function createOwnerUnpacker(): OwnerUnpacker {
  const known: SharedFacts[] = [];
  return {
    learn: (facts) => known.push(facts),
    unpack([number, own]) {
      const shared = known[number];
      if (shared === undefined) throw new Error(`facts ${number} of owners were not told`);
      const owner: OwnerDraft = { ...shared, ...own };
      if (owner.paths !== undefined && owner.pathsBase64 === undefined) owner.pathsBase64 = owner.paths.map(btoa);
      return owner;
    },
  };
}
