import { errnoOf } from '../model/errors.ts';
import type { FilesystemIo } from '../ports.ts';
import { type Membership, parseCgroup } from './cgroup.ts';
import { type ByteRange, findMappings, type Mapping } from './process-maps.ts';

/** What a process may use: a file, or a block or DAX device itself. */
export type UseTarget =
  | {
      readonly kind: 'file';
      /** of the file system, as mountinfo and maps tell it: `major:minor` */
      readonly superDevice: string;
      readonly inode: string;
      /** whether inode numbers repeat within the file system (btrfs subvolumes), so that st_dev must be told as well */
      readonly ambiguous: boolean;
    }
  | {
      readonly kind: 'device';
      /** `major:minor` */
      readonly number: string;
      /** kernel name: `pmem0`, `dax0.0` */
      readonly name: string;
    };
export function targetKey(target: UseTarget): string {
  return target.kind === 'file' ? `${target.superDevice} ${target.inode}` : `device ${target.number}`;
}

/** One process that has a target open or mapped. */
export interface Use extends Membership {
  readonly pid: number;
  readonly command: string;
  /** bytes of the target that it maps; empty when it only has it open */
  readonly mapped: readonly ByteRange[];
  /** st_dev of the file it uses, where the target is ambiguous and it can be told */
  readonly statDevice?: string;
  /** the name that it has it open under: as the process sees it */
  readonly name: Uint8Array;
}
export interface Uses {
  of(target: UseTarget): readonly Use[];
  readonly complete: boolean;
  /** why processes may be missing; undefined when none are */
  readonly reason: string | undefined;
}
const NO_USE: readonly Use[] = [];
export const noUses: Uses = { of: () => NO_USE, complete: true, reason: undefined };

export interface UseQuestion {
  readonly targets: readonly UseTarget[];
  /** mount id -> `major:minor` of every mount that is known */
  readonly mounts: ReadonlyMap<number, string>;
  readonly io: FilesystemIo;
  /** ends the search early, with what was found so far */
  readonly signal: AbortSignal;
}

/** Reading maps waits for the lock of the process's memory, which one that hangs in the kernel may hold for ever. */
const MAPS_DEADLINE_MS = 2_000;
/** Each map that hangs keeps a thread: with this many, no other process's is read. */
const MOST_STUCK = 3;
/** Processes whose maps are read side by side. */
const SIDE_BY_SIDE = 8;
const DELETED = Buffer.from(' (deleted)');
/** Links of a directory by itself: its name, and its own `.` */
const OWN_LINKS = 2;

/**
 * Who uses these files and devices, from <procfs>/PID/maps and <procfs>/PID/fd of every process (proc(5)); threads share
 * both, unless one unshared its descriptors (unshare(CLONE_FILES)), which is not seen. Processes that end meanwhile are
 * passed over; those that may not be looked at, or do not answer, are told in `reason`.
 */
export async function findUses(question: UseQuestion): Promise<Uses> {
  if (question.targets.length === 0) return noUses;
  const search = createSearch(question);
  const listed = attempt(() => question.io.listProc('').filter((name) => /^\d+$/.test(name)));
  if (typeof listed === 'string') return search.result('the list of processes cannot be read');
  const threads = question.io.kernelThreads();
  const processes = listed.filter((pid) => !threads.has(pid));
  const running = new Set<Promise<void>>();
  let begun = 0;
  for (const pid of processes) {
    if (question.signal.aborted) break;
    const look = search.look(pid).finally(() => running.delete(look));
    running.add(look);
    begun++;
    if (running.size >= SIDE_BY_SIDE) await Promise.race(running);
  }
  await Promise.all(running);
  if (begun === processes.length) return search.result();
  return search.result(`the deadline passed after ${begun} of ${processes.length} processes`);
}

interface Draft {
  mapped: ByteRange[];
  statDevice?: string | undefined;
  name: Uint8Array;
}

function createSearch({ targets, mounts, io }: UseQuestion) {
  const wanted = new Map(targets.map((t) => [targetKey(t), t]));
  const inodes = new Set(targets.flatMap((t) => (t.kind === 'file' ? [t.inode] : [])));
  const devices = new Map(targets.flatMap((t) => (t.kind === 'device' ? [[t.number, t] as const] : [])));
  const deviceNames = new Map([...devices.values()].map((d) => [d.name, d]));
  const found = new Map<string, Use[]>();
  const stuck: string[] = [];
  let denied = 0;
  let skipped = 0;

  async function look(pid: string): Promise<void> {
    if (isKernelThread(pid)) return;
    const drafts = new Map<string, Draft>();
    const draft = (key: string, name: Uint8Array): Draft => {
      const known = drafts.get(key) ?? { mapped: [], name };
      drafts.set(key, known);
      return known;
    };
    // its maps come from another thread meanwhile
    const maps = lookAtMaps(pid, draft);
    let opened = attempt(() => lookAtDescriptors(pid, draft));
    let mapped = await maps;
    if (mapped === 'nothing' && opened === 0) {
      // its first thread may have ended before the others: they show what the process has
      const other = attempt(() => io.listProc(`${pid}/task`).find((thread) => thread !== pid));
      if (other !== undefined && other !== 'gone' && other !== 'denied') {
        mapped = await lookAtMaps(`${pid}/task/${other}`, draft);
        opened = attempt(() => lookAtDescriptors(`${pid}/task/${other}`, draft));
      }
    }
    if (mapped === 'denied' || opened === 'denied') denied++;
    if (drafts.size === 0) return;
    const process = describeProcess(pid, io);
    for (const [key, use] of drafts) {
      const { statDevice, ...rest } = use;
      const uses = found.get(key) ?? [];
      uses.push({ ...process, ...rest, ...(statDevice === undefined ? {} : { statDevice }) });
      found.set(key, uses);
    }
  }

  /** Neither a program nor another thread that could still show one: most of what /proc lists has nothing to look at. */
  function isKernelThread(pid: string): boolean {
    const program = attempt(() => io.linkProc(`${pid}/exe`));
    if (program !== undefined && program !== 'gone') return false;
    // each thread is a directory in it, which its links count
    const threads = attempt(() => io.statusProc(`${pid}/task`).linkCount - OWN_LINKS);
    return threads === 'gone' || (threads !== 'denied' && threads <= 1);
  }

  async function lookAtMaps(path: string, draft: (key: string, name: Uint8Array) => Draft) {
    if (stuck.length >= MOST_STUCK) {
      skipped++;
      return 'denied-already-told';
    }
    let text: string;
    try {
      const raw = await io.readProcWithin(`${path}/maps`, MAPS_DEADLINE_MS);
      text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1');
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (errno !== 'ETIMEDOUT') return isGone(errno) ? 'gone' : 'denied';
      stuck.push(path);
      return 'denied-already-told';
    }
    if (text === '') return 'nothing';
    findMappings(text, inodes, deviceNames.size > 0, (mapping) => {
      const target = mappedTarget(path, mapping);
      if (target === undefined) return;
      const use = draft(target.key, Buffer.from(mapping.name, 'latin1'));
      use.mapped.push(mapping.range);
      use.statDevice ??= target.statDevice;
    });
    return 'read';
  }

  function mappedTarget(path: string, mapping: Mapping): { key: string; statDevice?: string | undefined } | undefined {
    const key = `${mapping.device} ${mapping.inode}`;
    const target = wanted.get(key);
    // what the mapping really shows; following it needs CAP_CHECKPOINT_RESTORE
    const follow = () => attempt(() => io.statusProc(`${path}/map_files/${mapping.addresses}`));
    if (target?.kind === 'file') {
      if (!target.ambiguous) return { key };
      const status = follow();
      return { key, statDevice: typeof status === 'string' ? undefined : status.devNumber };
    }
    if (!mapping.name.startsWith('/dev/')) return undefined;
    const status = follow();
    const device =
      typeof status === 'string'
        ? deviceNames.get(mapping.name.slice(mapping.name.lastIndexOf('/') + 1))
        : devices.get(status.deviceNumber);
    return device === undefined ? undefined : { key: targetKey(device) };
  }

  /** How many descriptors there are. */
  function lookAtDescriptors(path: string, draft: (key: string, name: Uint8Array) => Draft): number {
    const { count, paths } = io.linksProc(`${path}/fd`);
    for (const { name, target } of paths) {
      const seen = attempt(() => openedTarget(path, name, target));
      if (seen === undefined || seen === 'gone' || seen === 'denied') continue;
      const use = draft(seen.key, seen.name);
      use.statDevice ??= seen.statDevice;
    }
    return count;
  }

  /**
   * Its link first: what is no file is left alone, since the fdinfo of an epoll descriptor can wait for a lock of a process
   * that hangs. Then inode number and mount from fdinfo (kernel 5.14), so that nothing is asked of files on other file
   * systems: a dead network mount would hang the question.
   */
  function openedTarget(path: string, fd: string, name: Uint8Array) {
    const isDeviceName = devices.size > 0 && Buffer.from(name).toString('latin1').startsWith('/dev/');
    const info = Buffer.from(io.readProc(`${path}/fdinfo/${fd}`)).toString('latin1');
    const inode = /^ino:\s*(\d+)$/m.exec(info)?.[1];
    const superDevice = mounts.get(Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? -1));
    if (superDevice !== undefined && inode !== undefined) {
      const key = `${superDevice} ${inode}`;
      const target = wanted.get(key);
      if (target?.kind === 'file' && !target.ambiguous) return { key, name };
      if (target === undefined && devices.size === 0) return undefined;
    }
    const mayMatch = inode === undefined || inodes.has(inode);
    if (!mayMatch && devices.size === 0) return undefined;
    if (!mayMatch && !isDeviceName && superDevice === undefined) return undefined;
    const status = io.statusProc(`${path}/fd/${fd}`);
    const device = devices.get(status.deviceNumber);
    if (device !== undefined && isDeviceNode(status.mode)) return { key: targetKey(device), name };
    const key = `${superDevice ?? status.devNumber} ${status.inode}`;
    return wanted.has(key) ? { key, name, statDevice: status.devNumber } : undefined;
  }

  function result(stopped?: string): Uses {
    const reasons = stopped === undefined ? [] : [stopped];
    if (denied > 0) reasons.push(`${denied} ${denied === 1 ? 'process' : 'processes'} may not be looked at`);
    if (stuck.length > 0) {
      const who = stuck.map((path) => path.split('/')[0] as string).map((pid) => `${nameOf(pid, io)} (pid ${pid})`);
      const others = skipped === 0 ? '' : `, so that those of ${skipped} others were not read`;
      reasons.push(`the memory maps of ${who.join(', ')} did not come within ${MAPS_DEADLINE_MS / 1000} s${others}`);
    }
    const reason = reasons.length === 0 ? undefined : reasons.join('; ');
    const of = (target: UseTarget) => (found.size === 0 ? NO_USE : (found.get(targetKey(target)) ?? NO_USE));
    return { of, complete: reason === undefined, reason };
  }
  return { look, result };
}

/** The name without the mark of a deleted file; undefined when it does not bear it. */
export function deletedName(name: Uint8Array): Uint8Array | undefined {
  const raw = Buffer.from(name.buffer, name.byteOffset, name.byteLength);
  return raw.subarray(-DELETED.length).equals(DELETED) ? raw.subarray(0, -DELETED.length) : undefined;
}

/** `gone` and `denied` are what every look at another process must expect. */
function attempt<T>(look: () => T): T | 'gone' | 'denied' {
  try {
    return look();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return isGone(errno) ? 'gone' : 'denied';
  }
}
function isGone(errno: string): boolean {
  return errno === 'ENOENT' || errno === 'ESRCH';
}
function isDeviceNode(mode: number): boolean {
  const type = mode & 0xf000;
  return type === 0x6000 || type === 0x2000;
}

/** Name and whereabouts of a process. */
export function describeProcess(
  pid: string,
  io: FilesystemIo,
): Membership & { readonly pid: number; readonly command: string } {
  return { pid: Number(pid), command: nameOf(pid, io), ...parseCgroup(textOf(`${pid}/cgroup`, io)) };
}
function nameOf(pid: string, io: FilesystemIo): string {
  return textOf(`${pid}/comm`, io).replace(/\n$/, '');
}
function textOf(path: string, io: FilesystemIo): string {
  const raw = attempt(() => io.readProc(path));
  return raw === 'gone' || raw === 'denied' ? '' : Buffer.from(raw).toString('utf8');
}
