import { errnoOf } from '../model/errors.ts';
import type { OpenBy } from '../model/owner.ts';
import type { FilesystemIo } from '../ports.ts';
import { parseCgroup } from './cgroup.ts';

/** Damaged bytes of one inode. */
export interface DamagedInode {
  /** st_dev as `major:minor` */
  readonly devNumber: string;
  /** what maps shows instead, where that is another: of all subvolumes of a btrfs it shows the same */
  readonly mapsDevNumber?: string;
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
  const inMaps = new Map<string, DamagedInode[]>();
  for (const d of damaged) {
    const key = inodeKey(d.mapsDevNumber ?? d.devNumber, d.inode);
    inMaps.set(key, [...(inMaps.get(key) ?? []), d]);
  }
  const numbers = new Set(damaged.map((d) => d.inode));
  const openers = new Map<string, OpenBy[]>();
  let denied = 0;
  if (wanted.size === 0) return { openers, denied };
  const processes = attempt(() => io.listProc(''));
  if (processes === 'gone' || processes === 'denied') return { openers, denied: 1 };
  for (const pid of processes) {
    if (!/^\d+$/.test(pid)) continue;
    const mapped = attempt(() => mappingsOf(pid, inMaps, numbers, io));
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
    if (errno === undefined) throw error;
    return errno === 'ENOENT' || errno === 'ESRCH' ? 'gone' : 'denied';
  }
}

/** Lines of maps: `start-end perms offset major:minor inode path`, all but the inode in hex. */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) ([1-9]\d*)/gm;

/** Inode key -> whether a damaged byte is mapped. */
function mappingsOf(
  pid: string,
  inMaps: ReadonlyMap<string, readonly DamagedInode[]>,
  numbers: ReadonlySet<string>,
  io: FilesystemIo,
): Map<string, boolean> {
  const found = new Map<string, boolean>();
  const text = Buffer.from(io.readProc(`${pid}/maps`)).toString('latin1');
  for (const match of text.matchAll(MAPPING)) {
    const inode = match[6] as string;
    if (!numbers.has(inode)) continue;
    const hex = (i: number): number => Number.parseInt(match[i] as string, 16);
    const shown = `${hex(4)}:${hex(5)}`;
    const alike = inMaps.get(inodeKey(shown, inode)) ?? [];
    const own = alike.some((d) => d.devNumber !== shown) ? mappedDevice(pid, match, io) : shown;
    const target = alike.find((d) => d.devNumber === own);
    if (target === undefined) continue;
    const key = inodeKey(target.devNumber, inode);
    const from = hex(3);
    const to = from + hex(2) - hex(1);
    const hit = target.ranges.some((r) => r.offset < to && from < r.offset + r.length);
    found.set(key, hit || found.get(key) === true);
  }
  return found;
}

/** The st_dev of what a line of maps maps; undefined when it may not be asked or is gone. */
function mappedDevice(pid: string, line: RegExpMatchArray, io: FilesystemIo): string | undefined {
  const status = attempt(() => io.statusProc(`${pid}/map_files/${line[1]}-${line[2]}`));
  return status === 'gone' || status === 'denied' ? undefined : status.devNumber;
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
