import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { withErrnoNames } from '../model/errors.ts';

/**
 * The native boundary: moves bytes, returns what the kernel returns, throws its errno by name; decides nothing.
 * Structures are built and read by the callers. x86-64 and arm64 share these system call numbers and layouts.
 */
const SYS_OPENAT2 = 437;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_NO_AUTOMOUNT = 0x800;
const AT_STATX_DONT_SYNC = 0x4000;
const PROT_READ = 1;
const MAP_SHARED = 1;
const STATX_BASIC_AND_MOUNT = 0x17ff;
const EPERM = 1;
const ENOENT = 2;
const EACCES = 13;
const POLLPRI = 0x2;
const POLLERR = 0x8;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const F_SETFD = 2;
/** a native asynchronous call occupies a worker of the pool that file reads also need */
const LONGEST_POLL_MS = 1_000;
/** struct file_handle: u32 bytes, s32 type, then at most MAX_HANDLE_SZ bytes */
const HANDLE_HEADER = 8;
const MAX_HANDLE = 128;

/** with AT_EMPTY_PATH: the descriptor itself */
const NO_NAME = Buffer.from([0]);

type Native = (...args: readonly unknown[]) => number;
interface AsyncNative {
  async(...args: readonly unknown[]): void;
}
interface Bindings {
  readonly ioctl: Native & AsyncNative;
  readonly openByHandleAt: Native;
  readonly nameToHandleAt: Native;
  readonly getdents64: Native;
  readonly statx: Native;
  readonly syscallOpenat2: Native;
  readonly mmap: Native;
  readonly munmap: Native;
  readonly mincore: Native;
  readonly close: Native;
  readonly openat: Native;
  readonly read: Native;
  readonly readlinkat: Native;
  /** the name by its address */
  readonly readlinkatAddress: Native;
  readonly poll: AsyncNative;
  readonly fopen: AsyncNative;
  readonly fread: AsyncNative;
  readonly ferror: Native;
  readonly fclose: Native;
  readonly socket: Native;
  readonly connect: Native;
  readonly fcntl: Native;
}
let bindings: Bindings | undefined;

/** Binds on first use, so that importing this file does nothing. */
function native(): Bindings {
  if (bindings !== undefined) return bindings;
  const libc = koffi.load(null);
  bindings = {
    // request numbers lie above 2^31: unsigned long, or they arrive sign-extended
    ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)'),
    openByHandleAt: libc.func('int open_by_handle_at(int mount, void *handle, int flags)'),
    nameToHandleAt: libc.func('int name_to_handle_at(int directory, void *path, void *handle, void *mount, int flags)'),
    getdents64: libc.func('long getdents64(int fd, void *into, unsigned long bytes)'),
    statx: libc.func('int statx(int directory, void *path, int flags, unsigned int mask, void *into)'),
    syscallOpenat2: libc.func(
      'int syscall(long number, int directory, unsigned long path, unsigned long how, unsigned long bytes)',
    ),
    // addresses of user space fit a number: at most 2^52 on arm64
    mmap: libc.func('long mmap(long at, unsigned long bytes, int prot, int flags, int fd, long offset)'),
    munmap: libc.func('int munmap(long at, unsigned long bytes)'),
    mincore: libc.func('int mincore(long at, unsigned long bytes, void *into)'),
    close: libc.func('int close(int fd)'),
    openat: libc.func('int openat(int directory, const char *path, int flags)'),
    read: libc.func('long read(int fd, void *into, unsigned long bytes)'),
    readlinkat: libc.func('long readlinkat(int directory, const char *name, void *into, unsigned long bytes)'),
    readlinkatAddress: libc.func('long readlinkat(int directory, unsigned long name, void *into, unsigned long bytes)'),
    poll: libc.func('int poll(void *fds, unsigned long count, int timeout)'),
    fopen: libc.func('long fopen(const char *path, const char *mode)'),
    fread: libc.func('unsigned long fread(void *into, unsigned long size, unsigned long count, long stream)'),
    ferror: libc.func('int ferror(long stream)'),
    fclose: libc.func('int fclose(long stream)'),
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    connect: libc.func('int connect(int fd, void *address, unsigned int bytes)'),
    fcntl: libc.func('int fcntl(int fd, int command, long argument)'),
  };
  return bindings;
}

function checked(result: number, call: string): number {
  if (result >= 0) return result;
  throw systemError(call);
}
/** Of the call that has just ended: koffi keeps errno for the callback of an asynchronous one too. */
function systemError(call: string): Error {
  const errno = koffi.errno();
  const code = withErrnoNames(getSystemErrorName(-errno));
  return Object.assign(new Error(`${code}: ${call}`), { code, errno: -errno, syscall: call });
}

/** @throws Error with `code` = errno name; so do all the others here */
export function ioctl(fd: number, request: number, buffer: Uint8Array): number {
  const result = native().ioctl(fd, request, buffer);
  return result >= 0 ? result : checked(result, `ioctl 0x${request.toString(16)}`);
}
/**
 * The same on a worker of the pool, which it occupies until the kernel answers: for devices that may not. `buffer` is
 * the kernel's until then.
 */
export async function ioctlOnWorker(fd: number, request: number, buffer: Uint8Array): Promise<number> {
  return onWorker(
    `ioctl 0x${request.toString(16)}`,
    (tell) => native().ioctl.async(fd, request, buffer, tell),
    (result) => result >= 0,
  );
}
export function addressOf(buffer: Uint8Array): bigint {
  return koffi.address(buffer);
}
export function openByHandle(mount: number, type: number, handle: Uint8Array, flags: number): number {
  const argument = Buffer.alloc(HANDLE_HEADER + handle.length);
  argument.writeUInt32LE(handle.length, 0);
  argument.writeInt32LE(type, 4);
  argument.set(handle, HANDLE_HEADER);
  return checked(native().openByHandleAt(mount, argument, flags), 'open_by_handle_at');
}
/** The handle of an open file. */
export function handleOf(fd: number): { readonly type: number; readonly handle: Uint8Array } {
  const argument = Buffer.alloc(HANDLE_HEADER + MAX_HANDLE);
  argument.writeUInt32LE(MAX_HANDLE, 0);
  const mountId = Buffer.alloc(4);
  checked(native().nameToHandleAt(fd, NO_NAME, argument, mountId, AT_EMPTY_PATH), 'name_to_handle_at');
  const length = argument.readUInt32LE(0);
  return { type: argument.readInt32LE(4), handle: argument.subarray(HANDLE_HEADER, HANDLE_HEADER + length) };
}
/** struct linux_dirent64 records; 0 at the end of the directory. */
export function getdents(fd: number, into: Uint8Array): number {
  return checked(native().getdents64(fd, into, into.length), 'getdents64');
}
/** struct statx (256 bytes) of an open file; `cached`: as known here, without asking a file server. */
export function statxOf(fd: number, into: Uint8Array, cached = false): void {
  const flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | (cached ? AT_STATX_DONT_SYNC : 0);
  checked(native().statx(fd, NO_NAME, flags, STATX_BASIC_AND_MOUNT, into), 'statx');
}
/** mincore(2): bit 0 of each byte tells whether that page of the file is in memory. `offset` is that of a page. */
export function residentPages(fd: number, offset: number, into: Uint8Array, pageSize: number): void {
  const bytes = into.length * pageSize;
  const at = checked(native().mmap(0, bytes, PROT_READ, MAP_SHARED, fd, offset), 'mmap');
  try {
    checked(native().mincore(at, bytes, into), 'mincore');
  } finally {
    native().munmap(at, bytes);
  }
}
/**
 * openat2(2) with `resolve` as RESOLVE_* bits; `name` without its NUL, or with `at` the one that begins there and ends with
 * one.
 */
export function openat2(directory: number, name: Uint8Array, flags: number, resolve: number, at?: number): number {
  return checked(rawOpenat2(directory, name, flags, resolve, at), 'openat2');
}
/** The same, but undefined for EPERM: what it costs to throw would be paid for every file of another user. */
export function tryOpenat2(
  directory: number,
  name: Uint8Array,
  flags: number,
  resolve: number,
  at?: number,
): number | undefined {
  const result = rawOpenat2(directory, name, flags, resolve, at);
  return result < 0 && koffi.errno() === EPERM ? undefined : checked(result, 'openat2');
}
/** Reused: a walk opens every file there is. */
const pathScratch = Buffer.alloc(4096);
const howScratch = new Uint32Array(6);
let howAddress: number | undefined;
/** An address as a number costs a fraction of a buffer that has to be looked up in every call; names come from one buffer. */
let named: { readonly in: Uint8Array; readonly address: number } | undefined;
function addressIn(names: Uint8Array): number {
  if (named === undefined || named.in !== names) named = { in: names, address: Number(koffi.address(names)) };
  return named.address;
}
function rawOpenat2(directory: number, name: Uint8Array, flags: number, resolve: number, at?: number): number {
  let path = name;
  if (at === undefined) {
    path = name.length < pathScratch.length ? pathScratch : Buffer.alloc(name.length + 1);
    path.set(name);
    path[name.length] = 0;
  }
  howAddress ??= Number(koffi.address(howScratch));
  howScratch[0] = flags;
  howScratch[4] = resolve;
  return native().syscallOpenat2(
    SYS_OPENAT2,
    directory,
    addressIn(path) + (at ?? 0),
    howAddress,
    howScratch.byteLength,
  );
}
export function openAbsolute(path: string, flags: number): number {
  return checked(native().openat(AT_FDCWD, path, flags), 'open');
}
export function readFd(fd: number, into: Uint8Array): number {
  return checked(native().read(fd, into, into.length), 'read');
}
/** Bytes of what a link says; undefined where it leads nowhere (ENOENT): to throw would cost more than to ask. */
export function readLink(path: string, into: Uint8Array): number | undefined {
  const length = native().readlinkat(AT_FDCWD, path, into, into.length);
  return length < 0 && koffi.errno() === ENOENT ? undefined : checked(length, 'readlink');
}
/** The same of a name that begins at `at` in `names`, and undefined for anything but EACCES. */
export function readLinkIn(directory: number, names: Uint8Array, at: number, into: Uint8Array): number | undefined {
  const length = native().readlinkatAddress(directory, addressIn(names) + at, into, into.length);
  if (length < 0 && koffi.errno() === EACCES) throw systemError('readlink');
  return length < 0 ? undefined : length;
}
/**
 * A unix datagram socket that is connected to `path` (abstract where that begins with `@`), never waits, and outlives an exec:
 * Node.js has none. struct sockaddr_un: u16 family, then the path.
 */
export function connectDatagrams(path: string): number {
  const name = Buffer.from(path);
  if (path.startsWith('@')) name[0] = 0;
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = checked(native().socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), 'socket');
  try {
    checked(native().connect(fd, address, address.length), 'connect');
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}
/** It would be closed by an exec: Node.js sees to that for all descriptors that it was started with. */
export function keepOverExec(fd: number): void {
  checked(native().fcntl(fd, F_SETFD, 0), 'fcntl');
}
export function closeFd(fd: number): void {
  checked(native().close(fd), 'close');
}

const STREAM_CHUNK = 64 * 1024;
/**
 * A whole file that the kernel gives in small pieces and may hang on, read on a worker of the pool: stdio asks for all the
 * pieces in one turn there, and each turn wakes a thread.
 */
export async function readStream(path: string): Promise<Uint8Array> {
  const { fopen, fread, ferror, fclose } = native();
  const stream = await onWorker(
    'fopen',
    (tell) => fopen.async(path, 're', tell),
    (result) => result !== 0,
  );
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(STREAM_CHUNK);
      const broken = (): boolean => ferror(stream) !== 0;
      const length = await onWorker(
        'fread',
        (tell) => fread.async(chunk, 1, chunk.length, stream, tell),
        (result) => result === chunk.length || !broken(),
      );
      parts.push(chunk.subarray(0, length));
      if (length < chunk.length) return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    }
  } finally {
    fclose(stream);
  }
}
function onWorker(
  call: string,
  begin: (tell: (error: unknown, result: number) => void) => void,
  isFine: (result: number) => boolean,
): Promise<number> {
  return new Promise((done, fail) => {
    begin((error, result) => {
      if (error !== null && error !== undefined) fail(error);
      else if (isFine(result)) done(result);
      else fail(systemError(call));
    });
  });
}

/**
 * Waits until the file has exceptional news (mountinfo: the mounts changed), at most `timeoutMs` and never longer
 * than a second. The kernel counts the news as seen once it was told.
 */
export async function pollPriority(fd: number, timeoutMs: number): Promise<boolean> {
  const request = Buffer.alloc(8);
  request.writeInt32LE(fd, 0);
  request.writeInt16LE(POLLPRI, 4);
  const timeout = Math.min(Math.max(0, Math.floor(timeoutMs)), LONGEST_POLL_MS);
  const ready = await new Promise<number>((done, fail) => {
    native().poll.async(request, 1, timeout, (error: unknown, result: number) =>
      error === null || error === undefined ? done(result) : fail(error),
    );
  });
  if (ready < 0) throw Object.assign(new Error('EINTR: poll'), { code: 'EINTR', syscall: 'poll' });
  return ready > 0 && (request.readInt16LE(6) & (POLLPRI | POLLERR)) !== 0;
}
