import { type PathName, pathFromBytes, textOfBytes } from '../../model/path.ts';
import type { Mount } from '../../model/topology.ts';

/** Paths are bytes; here they are latin1 strings, one character per byte: exact, and cheap to cut and compare. */
export type BytePath = string;

export function bytePath(path: PathName): BytePath {
  return Buffer.from(path.base64, 'base64').toString('latin1');
}
export function pathName(path: BytePath): PathName {
  // what almost all names are made of: ASCII is its own text
  if (!BEYOND_ASCII.test(path)) return { text: path, base64: btoa(path) };
  return pathFromBytes(Buffer.from(path, 'latin1'));
}
const BEYOND_ASCII = /[^\0-\x7f]/;
export function bytesOf(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}
/** Whether `path` is `directory` or lies below it. */
export function isWithin(path: BytePath, directory: BytePath): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
export function joinPath(directory: BytePath, rest: BytePath): BytePath {
  if (rest === '' || rest === '/') return directory;
  const tail = rest.startsWith('/') ? rest : `/${rest}`;
  return directory === '/' ? tail : directory + tail;
}

export type Visibility =
  | { readonly kind: 'visible'; readonly path: PathName }
  | { readonly kind: 'hidden'; readonly reason: string };

/** A name through another mount than the one that is told first. */
export interface OtherName {
  readonly path: PathName;
  /** a process in whose mount namespace it is that name; undefined: on this host itself */
  readonly pid?: number;
}
/** Where people find what is at a path inside a file system: through one of its mounts, unless another covers it. */
export interface PathSpace {
  /** `internal` is absolute within the file system */
  visible(internal: BytePath): Visibility;
  /** Through all other mounts, as it is called there; at most so many. */
  others(internal: BytePath, most: number): readonly OtherName[];
}
const NO_OTHERS: readonly OtherName[] = [];

interface Candidate {
  readonly mount: Mount;
  readonly root: BytePath;
  readonly mountpoint: BytePath;
}

/** `preferred` is tried first, then the other mounts of the same file system: this host's own before other namespaces'. */
export function createPathSpace(preferred: Mount, mounts: readonly Mount[]): PathSpace {
  const others = mounts.filter((m) => m.devNumber === preferred.devNumber && m.id !== preferred.id);
  const ours = [
    preferred,
    ...others.filter((m) => m.namespace === undefined),
    ...others.filter((m) => m.namespace !== undefined),
  ];
  const coverOf = createCovers(mounts);
  const candidates = ours.map(candidateOf);
  const through = (candidate: Candidate, internal: BytePath): BytePath | undefined => {
    if (!isWithin(internal, candidate.root)) return undefined;
    return joinPath(candidate.mountpoint, candidate.root === '/' ? internal : internal.slice(candidate.root.length));
  };
  return {
    visible(internal) {
      let cover: Candidate | undefined;
      for (const candidate of candidates) {
        const path = through(candidate, internal);
        if (path === undefined) continue;
        const covering = coverOf(candidate, path);
        if (covering === undefined) return { kind: 'visible', path: pathName(path) };
        cover ??= covering;
      }
      if (cover === undefined) return { kind: 'hidden', reason: 'a name lies outside of what is mounted' };
      const where = textOfBytes(bytesOf(cover.mountpoint));
      return { kind: 'hidden', reason: `a name lies beneath the mount on ${where}` };
    },
    others(internal, most) {
      if (candidates.length === 1) return NO_OTHERS;
      const found: OtherName[] = [];
      let told = false;
      for (const candidate of candidates) {
        if (found.length >= most) break;
        const path = through(candidate, internal);
        if (path === undefined || coverOf(candidate, path) !== undefined) continue;
        // the first is the name that `visible` tells
        if (told) found.push(otherName(candidate, path));
        told = true;
      }
      return found;
    },
  };
}

function candidateOf(mount: Mount): Candidate {
  return { mount, root: bytePath(mount.root), mountpoint: bytePath(mount.mountpoint) };
}
/** In another namespace a name is told as the processes there know it. */
function otherName({ mount, mountpoint }: Candidate, path: BytePath): OtherName {
  if (mount.namespace === undefined) return { path: pathName(path) };
  const { pid } = mount.namespace;
  return { path: pathName(joinPath(bytePath(mount.namespace.mountpoint), path.slice(mountpoint.length))), pid };
}

const NOTHING_OVER: readonly Candidate[] = [];

/** Tells which mount hides a path that is seen through another: one upon it, or one over something that leads there. */
function createCovers(mounts: readonly Mount[]): (candidate: Candidate, path: BytePath) => Candidate | undefined {
  const all = mounts.map(candidateOf);
  const byId = new Map(all.map((c) => [c.mount.id, c]));
  const mountedOn = new Map<number, Candidate[]>();
  for (const c of all) {
    const siblings = mountedOn.get(c.mount.parentId) ?? [];
    siblings.push(c);
    mountedOn.set(c.mount.parentId, siblings);
  }
  const hiders = new Map<number, Candidate | undefined>();
  const hiderOf = (candidate: Candidate): Candidate | undefined => {
    const known = hiders.get(candidate.mount.id);
    if (known !== undefined || hiders.has(candidate.mount.id)) return known;
    // what names itself as its parent has none that we can see
    hiders.set(candidate.mount.id, undefined);
    const { id, parentId } = candidate.mount;
    const over = mountedOn
      .get(parentId)
      ?.find(
        (o) =>
          o.mount.id !== id && o.mountpoint !== candidate.mountpoint && isWithin(candidate.mountpoint, o.mountpoint),
      );
    const parent = byId.get(parentId);
    const hider = over ?? (parent === undefined ? undefined : hiderOf(parent));
    hiders.set(id, hider);
    return hider;
  };
  return (candidate, path) => {
    for (const over of mountedOn.get(candidate.mount.id) ?? NOTHING_OVER) {
      if (over !== candidate && isWithin(path, over.mountpoint)) return over;
    }
    return hiderOf(candidate);
  };
}
