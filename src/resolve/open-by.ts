import { errnoOf } from '../model/errors.ts';
import type { OpenBy } from '../model/owner.ts';
import type { FilesystemIo } from '../ports.ts';
import { parseCgroup } from './cgroup.ts';

/** Damaged bytes of one inode. */
export interface DamagedInode {
  /** st_dev as `major:minor` */
  readonly devNumber: string;
  readonly inode: string;
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
}
export function inodeKey(devNumber: string, inode: string): string {
  return `${devNumber} ${inode}`;
}

/**
 * Who has these inodes open or mapped, from <procfs>/PID/maps and <procfs>/PID/fd. Processes that end meanwhile or
 * may not be looked at are passed over: without root only one's own are seen.
 */
export function findOpeners(
  damaged: readonly DamagedInode[],
  io: FilesystemIo,
): { readonly openers: ReadonlyMap<string, readonly OpenBy[]>; readonly denied: number } {
  const wanted = new Map(damaged.map((d) => [inodeKey(d.devNumber, d.inode), d]));
  const numbers = new Set(damaged.map((d) => d.inode));
  const openers = new Map<string, OpenBy[]>();
  let denied = 0;
  if (wanted.size === 0) return { openers, denied };
  for (const pid of io.listProc('')) {
    if (!/^\d+$/.test(pid)) continue;
    const mapped = attempt(() => mappingsOf(pid, wanted, io));
    const opened = attempt(() => descriptorsOf(pid, wanted, numbers, io));
    if (mapped === 'denied' || opened === 'denied') denied++;
    const maps = mapped instanceof Map ? mapped : new Map<string, boolean>();
    const all = new Set([...maps.keys(), ...(opened instanceof Set ? opened : [])]);
    for (const key of all) {
      const process = describe(pid, io);
      const mapsDamaged = maps.get(key);
      const opener = { ...process, mapped: mapsDamaged !== undefined, mapsDamaged: mapsDamaged === true };
      openers.set(key, [...(openers.get(key) ?? []), opener]);
    }
  }
  return { openers, denied };
}

/** `gone` and `denied` are what every look at another process must expect. */
function attempt<T>(look: () => T): T | 'gone' | 'denied' {
  try {
    return look();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ESRCH') return 'gone';
    if (errno === 'EACCES' || errno === 'EPERM') return 'denied';
    throw error;
  }
}

/** Inode key -> whether a damaged byte is mapped. Lines are `start-end perms offset major:minor inode path`, in hex. */
function mappingsOf(pid: string, wanted: ReadonlyMap<string, DamagedInode>, io: FilesystemIo): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const line of Buffer.from(io.readProc(`${pid}/maps`))
    .toString('latin1')
    .split('\n')) {
    const [span, , offset, device, inode] = line.split(/ +/, 5);
    if (span === undefined || offset === undefined || device === undefined || inode === undefined) continue;
    const [major, minor] = device.split(':').map((part) => Number.parseInt(part, 16));
    const key = inodeKey(`${major}:${minor}`, inode);
    const target = wanted.get(key);
    if (target === undefined) continue;
    const [start, end] = span.split('-').map((part) => Number.parseInt(part, 16));
    const from = Number.parseInt(offset, 16);
    const to = from + ((end ?? 0) - (start ?? 0));
    const hit = target.ranges.some((r) => r.offset < to && from < r.offset + r.length);
    found.set(key, hit || found.get(key) === true);
  }
  return found;
}

/**
 * Descriptors are first compared by the inode number in fdinfo (kernel 5.14), so that nothing is asked of files on
 * other file systems: a dead network mount would hang the question.
 */
function descriptorsOf(
  pid: string,
  wanted: ReadonlyMap<string, DamagedInode>,
  numbers: ReadonlySet<string>,
  io: FilesystemIo,
): Set<string> {
  const found = new Set<string>();
  for (const fd of io.listProc(`${pid}/fd`)) {
    const status = attempt(() => {
      const info = Buffer.from(io.readProc(`${pid}/fdinfo/${fd}`)).toString('latin1');
      const inode = /^ino:\s*(\d+)$/m.exec(info)?.[1];
      return inode !== undefined && !numbers.has(inode) ? undefined : io.statusProc(`${pid}/fd/${fd}`);
    });
    if (status === undefined || status === 'gone' || status === 'denied') continue;
    const key = inodeKey(status.devNumber, status.inode);
    if (wanted.has(key)) found.add(key);
  }
  return found;
}

function describe(pid: string, io: FilesystemIo): Omit<OpenBy, 'mapped' | 'mapsDamaged'> {
  const text = (name: string): string => {
    const raw = attempt(() => io.readProc(`${pid}/${name}`));
    return raw === 'gone' || raw === 'denied' ? '' : Buffer.from(raw).toString('utf8');
  };
  return { pid: Number(pid), command: text('comm').trimEnd(), ...parseCgroup(text('cgroup')) };
}
