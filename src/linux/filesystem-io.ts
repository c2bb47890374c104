import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import type { FileStatus, FilesystemIo, Lanes, OpenKind, ProcLink } from '../ports.ts';
import {
  addressOf,
  closeFd,
  getdents,
  ioctl,
  openat2,
  openByHandle,
  readStream,
  residentPages,
  statxOf,
  tryOpenat2,
} from './native.ts';
import { readPageSize } from './page-size.ts';
import { readSmallFile, tryReadLink, visitPathLinks } from './proc-files.ts';

export interface FilesystemRoots {
  /** `/dev` */
  readonly dev: string;
  /** `/proc` */
  readonly proc: string;
  /** where the host's `/` is seen: `/` itself, except in a container */
  readonly rootfs: string;
}

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK | O_CLOEXEC;
const RESOLVE_NO_XDEV = 0x01;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const BENEATH_RESOLVE = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
const ON_MOUNT_RESOLVE = RESOLVE_BENEATH | BENEATH_RESOLVE;
const BENEATH_FILE = READ_ONLY | constants.O_NOFOLLOW;
const BENEATH_DIRECTORY = BENEATH_FILE | constants.O_DIRECTORY;
/** struct statx (include/uapi/linux/stat.h) */
const STATX = {
  bytes: 256,
  attributes: 8,
  nlink: 16,
  uid: 20,
  mode: 28,
  inode: 32,
  size: 40,
  attributesMask: 56,
  rdev: 128,
  dev: 136,
  mountId: 144,
} as const;
/** STATX_ATTR_DAX, as seen in the low u32 */
const ATTRIBUTE_DAX = 0x200000;

const STATX_MNT_ID = 0x1000;
/**
 * Files whose reading hangs in the kernel, each in one of the four threads that all asynchronous calls of this process
 * share: what hangs once is not tried again, and a thread is left for everything else.
 */
const hanging = new Set<string>();
const MOST_HANGING = 3;
/** bit of CAP_FOWNER in CapEff */
const CAP_FOWNER = 3n;
/** On a host; in the procfs of a container it may be a program's. */
const KTHREADD = '2';
const NOBODY: ReadonlySet<string> = new Set();

/** The one implementation over real system calls. */
export function createFilesystemIo(roots: FilesystemRoots, lanes?: Lanes): FilesystemIo {
  const scratch = Buffer.alloc(STATX.bytes);
  const status = (fd: number): FileStatus => {
    statxOf(fd, scratch);
    return decodeStatx(scratch);
  };
  let page: number | undefined;
  let foreignOwners: boolean | undefined;
  /** inode_owner_or_capable() of the kernel: to others it shows every page as present (mm/mincore.c) */
  const mayActFor = (fd: number): boolean => {
    statxOf(fd, scratch);
    foreignOwners ??= hasCapability(CAP_FOWNER);
    return foreignOwners || scratch.readUInt32LE(STATX.uid) === process.geteuid?.();
  };
  return {
    ...(lanes === undefined ? {} : { lanes }),
    openDevice(name, devNumber) {
      const fd = openSync(join(roots.dev, name), READ_ONLY);
      const found = status(fd);
      if ((found.mode & constants.S_IFMT) === constants.S_IFBLK && found.deviceNumber === devNumber) return fd;
      closeSync(fd);
      throw failure('ENODEV', `${join(roots.dev, name)} is not the block device ${devNumber}`);
    },
    openPath: (path, kind, follow = false) => {
      const inside = namespacePath(path);
      if (inside !== undefined) return openInside(join(roots.proc, inside.pid, 'root'), inside.path, kind);
      const flags = flagsFor(kind) | (follow ? 0 : constants.O_NOFOLLOW);
      return withoutAccessTime(flags, (f) => openSync(beneath(roots.rootfs, path), f));
    },
    openBeneath(directory, name, kind, at) {
      const flags = kind === 'directory' ? BENEATH_DIRECTORY : BENEATH_FILE;
      const fd = tryOpenat2(directory, name, flags | constants.O_NOATIME, BENEATH_RESOLVE, at);
      return fd ?? openat2(directory, name, flags, BENEATH_RESOLVE, at);
    },
    openOnMount(mountpoint, path, kind) {
      const found = pathOnMount(roots.rootfs, mountpoint, path, kind);
      try {
        const { mode } = status(found);
        const type = mode & constants.S_IFMT;
        if (type !== constants.S_IFREG && type !== constants.S_IFDIR)
          throw failure('ENXIO', 'neither a file nor a directory');
        // what was looked at, whatever its name stands for by now
        return withoutAccessTime(flagsFor(kind), (flags) => openSync(`/proc/self/fd/${found}`, flags));
      } finally {
        closeSync(found);
      }
    },
    openHandle: (mount, type, handle, kind) =>
      withoutAccessTime(flagsFor(kind), (flags) => openByHandle(mount, type, handle, flags)),
    close: closeFd,
    pread(fd, into, position) {
      let filled = 0;
      while (filled < into.length) {
        const read = readSync(fd, into, filled, into.length - filled, position + filled);
        if (read === 0) break;
        filled += read;
      }
      return filled;
    },
    ioctl,
    addressOf,
    status,
    readDirectory: getdents,
    pathOf(fd) {
      const path = tryReadLink(`${roots.proc}/self/fd/${fd}`);
      if (path === undefined) throw failure('ENOENT', `descriptor ${fd} is not open`);
      return path;
    },
    cachedPages(fd, offset, length) {
      if (!mayActFor(fd)) throw failure('EPERM', 'the page cache of this file is not shown to us');
      page ??= readPageSize();
      const pageSize = page;
      const first = Math.floor(offset / pageSize);
      const pages = Buffer.alloc(Math.ceil((offset + length) / pageSize) - first);
      residentPages(fd, first * pageSize, pages, pageSize);
      return pages.map((p) => p & 1);
    },
    kernelThreads() {
      try {
        // all are children of the first of them: so does `ps` know them, and one read tells
        if (tryReadLink(join(roots.proc, KTHREADD, 'exe')) !== undefined) return NOBODY;
        const children = readFileSync(join(roots.proc, KTHREADD, 'task', KTHREADD, 'children'), 'latin1');
        return new Set([KTHREADD, ...children.trim().split(' ')]);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        return NOBODY;
      }
    },
    listProc: (path) => readdirSync(join(roots.proc, path)),
    readProc: (path) => readSmallFile(join(roots.proc, path)),
    readProcWithin(path, deadlineMs) {
      const { promise, resolve: done, reject: fail } = Promise.withResolvers<Uint8Array>();
      const file = join(roots.proc, path);
      if (hanging.has(file) || hanging.size >= MOST_HANGING) return Promise.reject(failure('ETIMEDOUT', path));
      const late = setTimeout(() => {
        hanging.add(file);
        fail(failure('ETIMEDOUT', path));
      }, deadlineMs);
      readStream(file)
        .then(done, fail)
        .finally(() => {
          clearTimeout(late);
          hanging.delete(file);
        });
      return promise;
    },
    linkProc: (path) => tryReadLink(join(roots.proc, path)),
    linksProc(path) {
      const paths: ProcLink[] = [];
      const count = visitPathLinks(join(roots.proc, path), (name, target) => paths.push({ name, target }));
      return { count, paths };
    },
    statusProc(path) {
      const fd = openSync(join(roots.proc, path), O_PATH | O_CLOEXEC);
      try {
        statxOf(fd, scratch, true);
        return decodeStatx(scratch);
      } finally {
        closeSync(fd);
      }
    },
    openProc: (path, kind) => withoutAccessTime(flagsFor(kind), (flags) => openSync(join(roots.proc, path), flags)),
  };
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/** `/proc/PID/root/...`: a path in the mount namespace of a process. */
function namespacePath(path: Uint8Array): { readonly pid: string; readonly path: Buffer } | undefined {
  const text = Buffer.from(path).toString('latin1');
  const match = /^\/proc\/(\d+)\/root(?:\/(.*))?$/s.exec(text);
  return match === null ? undefined : { pid: match[1] as string, path: Buffer.from(match[2] || '.', 'latin1') };
}
/** Never through a link: those of a container are made by whoever runs in it, and lead anywhere on this host. */
function openInside(processRoot: string, path: Buffer, kind: OpenKind): number {
  const root = openSync(processRoot, O_PATH | constants.O_DIRECTORY | O_CLOEXEC);
  try {
    return withoutAccessTime(flagsFor(kind), (flags) =>
      openat2(root, path, flags, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH),
    );
  } finally {
    closeSync(root);
  }
}

/** A descriptor that can be asked what it is, and nothing else (O_PATH): to open a device may already do something. */
function pathOnMount(rootfs: string, mountpoint: Uint8Array, path: Uint8Array, kind: OpenKind): number {
  const directory = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;
  const root = openSync(rootfs, directory);
  try {
    const mount = openat2(root, orHere(mountpoint.subarray(1)), directory, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
    try {
      const flags = kind === 'directory' ? directory : O_PATH | constants.O_NOFOLLOW | O_CLOEXEC;
      return openat2(mount, orHere(path), flags, ON_MOUNT_RESOLVE);
    } finally {
      closeSync(mount);
    }
  } finally {
    closeSync(root);
  }
}
function orHere(path: Uint8Array): Uint8Array {
  return path.length === 0 ? Buffer.from('.') : path;
}

function beneath(rootfs: string, path: Uint8Array): Buffer {
  return rootfs === '/' ? Buffer.from(path) : Buffer.concat([Buffer.from(rootfs), path]);
}

function flagsFor(kind: OpenKind): number {
  return kind === 'directory' ? READ_ONLY | constants.O_DIRECTORY : READ_ONLY;
}

/** O_NOATIME is for the owner and CAP_FOWNER only: EPERM without. A second EPERM is the caller's to know. */
function withoutAccessTime(flags: number, open: (flags: number) => number): number {
  try {
    return open(flags | constants.O_NOATIME);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return open(flags);
  }
}

function decodeStatx(raw: Buffer): FileStatus {
  const known = (raw.readUInt32LE(STATX.attributesMask) & ATTRIBUTE_DAX) !== 0;
  const dax = (raw.readUInt32LE(STATX.attributes) & ATTRIBUTE_DAX) !== 0;
  return {
    devNumber: deviceAt(raw, STATX.dev),
    deviceNumber: deviceAt(raw, STATX.rdev),
    inode: decimalAt(raw, STATX.inode),
    mode: raw.readUInt16LE(STATX.mode),
    linkCount: raw.readUInt32LE(STATX.nlink),
    size: join32(raw.readUInt32LE(STATX.size), raw.readUInt32LE(STATX.size + 4)),
    ...(known || dax ? { dax } : {}),
    ...((raw.readUInt32LE(0) & STATX_MNT_ID) === 0
      ? {}
      : { mountId: join32(raw.readUInt32LE(STATX.mountId), raw.readUInt32LE(STATX.mountId + 4)) }),
  };
}
/** Thousands of files are of one device: its text is made once. */
let lastDevice = { major: 0, minor: 0, text: '0:0' };
function deviceAt(raw: Buffer, at: number): string {
  const [major, minor] = [raw.readUInt32LE(at), raw.readUInt32LE(at + 4)];
  if (major === 0 && minor === 0) return '0:0';
  if (lastDevice.major !== major || lastDevice.minor !== minor)
    lastDevice = { major, minor, text: `${major}:${minor}` };
  return lastDevice.text;
}
/** BigInt costs several times as much as a number, and few inode numbers need it. */
function decimalAt(raw: Buffer, at: number): string {
  const number = join32(raw.readUInt32LE(at), raw.readUInt32LE(at + 4));
  return Number.isSafeInteger(number) ? String(number) : raw.readBigUInt64LE(at).toString();
}
function join32(low: number, high: number): number {
  return high * 0x1_0000_0000 + low;
}

function hasCapability(bit: bigint): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> bit) & 1n) === 1n;
}
