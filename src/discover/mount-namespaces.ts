import { quietly } from '../model/errors.ts';
import { bytesOfPath, type PathName, pathFromBytes } from '../model/path.ts';
import type { Mount } from '../model/topology.ts';
import type { FilesystemIo } from '../ports.ts';
import { parseMountinfo } from './mountinfo.ts';

/** Looked at in one answer; a host with more has them in thousands of alike containers. */
const MOST_NAMESPACES = 1024;

/**
 * Mounts of wanted file systems that only other mount namespaces have: containers, services with private folders
 * (mount_namespaces(7)). Of each namespace the process with the lowest id stands for all: the first of a container, as a
 * rule. With them come the mounts that may hide theirs. What may not be looked at is left out: it only adds names.
 */
export function readForeignMounts(
  io: FilesystemIo,
  host: readonly Mount[],
  wanted: (mount: Mount) => boolean,
): readonly Mount[] {
  const hostIds = new Set(host.map((m) => m.id));
  const known = new Set(host.filter(wanted).map(placeOf));
  const seen = new Set<string>();
  const found: Mount[] = [];
  const threads = io.kernelThreads();
  for (const pid of processIds(io)) {
    if (threads.has(String(pid))) continue;
    if (seen.size > MOST_NAMESPACES) break;
    const link = quietly(() => io.linkProc(`${pid}/ns/mnt`));
    const namespace =
      link === undefined ? undefined : Buffer.from(link.buffer, link.byteOffset, link.length).toString('latin1');
    if (namespace === undefined || seen.has(namespace)) continue;
    const data = quietly(() => io.readProc(`${pid}/mountinfo`));
    if (data === undefined) continue;
    seen.add(namespace);
    const { mounts } = parseMountinfo(data);
    // mount ids are given once: one that the host has is the host's own namespace
    if (mounts.some((m) => hostIds.has(m.id))) continue;
    const own = mounts.filter((m) => wanted(m) && !known.has(placeOf(m)));
    for (const m of mounts) if (own.includes(m) || own.some((o) => meet(m, o))) found.push(inNamespace(m, pid));
  }
  return found;
}

/** The same part of the same file system at the same path is the host's own, as most namespaces copy it. */
function placeOf({ devNumber, root, mountpoint }: Mount): string {
  return `${devNumber} ${root.base64} ${mountpoint.base64}`;
}
/** Whether one is mounted on the way to the other, or below it. */
function meet(a: Mount, b: Mount): boolean {
  const [x, y] = [a.mountpoint, b.mountpoint].map((path) => bytesOfPath(path).toString('latin1')) as [string, string];
  const within = (path: string, folder: string): boolean =>
    folder === '/' || path === folder || path.startsWith(`${folder}/`);
  return within(x, y) || within(y, x);
}

function inNamespace(mount: Mount, pid: number): Mount {
  const { mountpoint } = mount;
  return { ...mount, mountpoint: throughRoot(pid, mountpoint), namespace: { pid, mountpoint } };
}
function throughRoot(pid: number, mountpoint: PathName): PathName {
  const inside = bytesOfPath(mountpoint);
  const root = Buffer.from(`/proc/${pid}/root`);
  return pathFromBytes(inside.equals(Buffer.from('/')) ? root : Buffer.concat([root, inside]));
}

function processIds(io: FilesystemIo): number[] {
  const names = quietly(() => io.listProc('')) ?? [];
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}
