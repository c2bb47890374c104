import { type PathName, pathFromBytes, textOfBytes } from '../../model/path.ts';
import type { Mount } from '../../model/topology.ts';

/** Paths are bytes; here they are latin1 strings, one character per byte: exact, and cheap to cut and compare. */
export type BytePath = string;

export function bytePath(path: PathName): BytePath {
  return Buffer.from(path.base64, 'base64').toString('latin1');
}
export function pathName(path: BytePath): PathName {
  return pathFromBytes(Buffer.from(path, 'latin1'));
}
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

/** Where people find what is at a path inside a file system: through one of its mounts, unless another covers it. */
export interface PathSpace {
  /** `internal` is absolute within the file system */
  visible(internal: BytePath): Visibility;
}

interface Candidate {
  readonly mount: Mount;
  readonly root: BytePath;
  readonly mountpoint: BytePath;
}

/** `preferred` is tried first, then the other mounts of the same file system. */
export function createPathSpace(preferred: Mount, mounts: readonly Mount[]): PathSpace {
  const ours = [preferred, ...mounts.filter((m) => m.devNumber === preferred.devNumber && m.id !== preferred.id)];
  const candidates = ours.map(candidateOf);
  const all = mounts.map(candidateOf);
  const covers = candidates.map((candidate) => all.filter((other) => mayCover(other, candidate)));
  return {
    visible(internal) {
      let cover: Candidate | undefined;
      for (const [i, candidate] of candidates.entries()) {
        if (!isWithin(internal, candidate.root)) continue;
        const rest = candidate.root === '/' ? internal : internal.slice(candidate.root.length);
        const path = joinPath(candidate.mountpoint, rest);
        const covering = (covers[i] as Candidate[]).find((other) => isWithin(path, other.mountpoint));
        if (covering === undefined) return { kind: 'visible', path: pathName(path) };
        cover ??= covering;
      }
      if (cover === undefined) return { kind: 'hidden', reason: 'a name lies outside of what is mounted' };
      const where = textOfBytes(bytesOf(cover.mountpoint));
      return { kind: 'hidden', reason: `a name lies beneath the mount on ${where}` };
    },
  };
}

function candidateOf(mount: Mount): Candidate {
  return { mount, root: bytePath(mount.root), mountpoint: bytePath(mount.mountpoint) };
}
/** Something mounted on it hides what is below there; a sibling further up, mounted later, hides all of it. */
function mayCover({ mount, mountpoint }: Candidate, candidate: Candidate): boolean {
  if (mount.id === candidate.mount.id) return false;
  if (mount.parentId === candidate.mount.id) return isWithin(mountpoint, candidate.mountpoint);
  if (mount.parentId !== candidate.mount.parentId || mountpoint === candidate.mountpoint) return false;
  return isWithin(candidate.mountpoint, mountpoint);
}
