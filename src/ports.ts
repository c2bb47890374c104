/** Interfaces to the outside. Stages import only these types; `linux/` implements them; tests fake them. */

import type { Run } from './model/extent.ts';
import type { HostFacts } from './model/host.ts';
import type { Owner, ResolveAnswer } from './model/owner.ts';
import type { ScrubStart } from './model/scrub.ts';

/** pino's shape: fields first, then a static message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Logger;
}

export interface Clock {
  /** ms since the epoch */
  now(): number;
  /** ms from an arbitrary start, never going back */
  monotonic(): number;
  /** Runs `task` after `ms`; the returned function cancels it. Does not keep the process alive. */
  after(ms: number, task: () => void): () => void;
}

/** The outcome of reading one attribute. `stuck`: the call has not come back within its deadline; `value` settles when it does. */
export type FileRead =
  | { readonly kind: 'ok'; readonly data: Uint8Array }
  | { readonly kind: 'failed'; readonly errno: string; readonly reason: string }
  | { readonly kind: 'stuck'; readonly afterMs: number; readonly released: Promise<void> };

/**
 * A read-only tree of small kernel files (sysfs or procfs), served by the probe process: reading may block on a
 * device lock or need a capability, neither of which the listening process may meet. Paths are relative to the
 * tree's root, without leading slash. Nothing here throws for what a kernel file does; only a bug rejects.
 */
export interface KernelTree {
  /** At most 1 MiB; larger answers `failed` with EFBIG. `deadlineMs` defaults to the configured device deadline. */
  read(path: string, options?: { readonly deadlineMs?: number }): Promise<FileRead>;
  /** Several attributes of one directory in one call; each with its own outcome, in the order asked. */
  readAll(directory: string, names: readonly string[]): Promise<ReadonlyMap<string, FileRead>>;
  /** Names in a directory, sorted; undefined when it does not exist. @throws AgentError SYSFS_READ on other failures */
  list(directory: string): Promise<readonly string[] | undefined>;
  /** Target of a symbolic link, or undefined when there is none. */
  link(path: string): Promise<string | undefined>;
  /** Inode of a path, or undefined; tells a file from its successor of the same name. */
  inode(path: string): Promise<string | undefined>;
}

/** One device-specific method of a DIMM (struct nd_cmd_pkg of include/uapi/linux/ndctl.h). */
export interface DsmCall {
  /** kernel name: `nmem0` */
  readonly dimm: string;
  /** what its `dev` attribute says, `250:0`: the node must be this device */
  readonly devNumber: string;
  /** NVDIMM_FAMILY_* */
  readonly family: number;
  readonly command: number;
  readonly input: Uint8Array;
  /** capacity for the reply */
  readonly replyBytes: number;
}
/**
 * `reply` has `replyBytes` bytes, zeros where nothing was written; `firmwareBytes` is what firmware says it returned, more
 * than the capacity when it was cut, 0 when it does not say. The firmware's own status is inside the reply.
 */
export type DsmReply =
  | { readonly kind: 'ok'; readonly reply: Uint8Array; readonly firmwareBytes: number }
  | Exclude<FileRead, { readonly kind: 'ok' }>;
/** Only methods that read are passed on. Nothing here throws for what a device does. */
export interface DsmCaller {
  call(call: DsmCall, options?: { readonly deadlineMs?: number }): Promise<DsmReply>;
}

/** Starts scrubs and asks what they can do (`ndbusN/nfit`, /dev/ndctlN), through the probe. Nothing here throws for what a device does. */
export interface ScrubControl {
  /** Why `nfit/scrub` of the bus cannot be written, as errno and words; undefined where it can. */
  whyNotWritable(bus: string): Promise<{ readonly errno: string; readonly reason: string } | undefined>;
  /** Asks the kernel for a long scrub of everything on the bus, unless one runs. */
  start(bus: string): Promise<ScrubStart>;
  /** `nfit/hw_error_scrub`: whether a machine check also starts a scrub. Answers why it could not be set. */
  setErrorScrub(bus: string, on: boolean): Promise<string | undefined>;
  /** Why firmware cannot be taken to search this region (ARS_CAP: persistent scrub supported); undefined where it can. */
  whyNotSearchable(bus: string, region: string): Promise<string | undefined>;
}

/** Asks the probe who owns sectors. */
export interface ResolveJob {
  /** kernel name: `pmem0`, `pmem0p1`, `loop3`, `dm-0` */
  readonly device: string;
  /** sectors on that device */
  readonly runs: readonly Run[];
  readonly deadlineMs: number;
  /** absolute directories that the FIEMAP walk is limited to; empty = whole file systems */
  readonly walkRoots: readonly string[];
}
export interface ResolveProgress {
  /** what is being done, for people: `reading inode tables of /dev/pmem0` */
  readonly phase: string;
  readonly done: number;
  readonly total?: number;
  /** owners that are known while others are still looked for, on the asked device; each told once */
  readonly owners?: readonly Owner[];
}
export interface Resolver {
  /** @throws AgentError RESOLVE when the question itself is wrong; everything else is told inside the answer */
  resolve(
    job: ResolveJob,
    onProgress: (progress: ResolveProgress) => void,
    signal: AbortSignal,
  ): Promise<ResolveAnswer>;
}

/** Forward look-up, asked of the probe: the damaged byte ranges of these files. */
export interface CheckJob {
  /** absolute; a directory stands for everything below it */
  readonly paths: readonly string[];
  readonly deadlineMs: number;
  /** false: files that are whole and clean are only counted */
  readonly tellClean: boolean;
  /**
   * Kernel names of disks: only what is mounted from them, or from what stands on them, is looked at, and no link is followed
   * on the way. Absent: whatever the paths lead to.
   */
  readonly within?: readonly string[];
}
/** The end of a check, whose files have come before. */
export interface CheckEnd {
  readonly complete: boolean;
  /** files looked at, told or not */
  readonly looked: number;
}
export interface FileChecker {
  /**
   * Files as src/resolve/check.ts tells them, as they are found; none is kept, and nothing more is looked at before what
   * `onFiles` returns settles. Rejects with the signal's reason when aborted. @throws AgentError
   */
  check(
    job: CheckJob,
    onProgress: (progress: ResolveProgress) => void,
    signal: AbortSignal,
    onFiles: (files: readonly unknown[]) => Promise<void>,
  ): Promise<CheckEnd>;
}

/** Wake-ups. A hint only says look again. */
export type Hint =
  | { readonly kind: 'list'; readonly subject: string }
  | { readonly kind: 'scrub'; readonly bus: string }
  | { readonly kind: 'flags'; readonly dimm: string }
  | { readonly kind: 'devices' }
  | { readonly kind: 'mounts' }
  | { readonly kind: 'config' };
export interface Hints {
  /**
   * Watches exactly these files from now on (paths relative to the sysfs root); re-arms those whose inode changed. A list is hinted
   * at when its watch begins: what changed between its last reading and that moment has told nobody.
   */
  watch(targets: readonly { readonly path: string; readonly hint: Hint }[]): Promise<void>;
  stop(): Promise<void>;
}

export type SqlValue = string | number | bigint | null | Uint8Array;
export interface SqlStatement {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}
/** One SQLite file in its own worker, so that a stalled fsync freezes no scrape. */
export interface Database {
  /** All or nothing. @throws AgentError STATE_FILE */
  transaction(statements: readonly SqlStatement[]): Promise<void>;
  query(statement: SqlStatement): Promise<readonly Readonly<Record<string, SqlValue>>[]>;
  close(): Promise<void>;
}

export interface HttpAnswer {
  readonly status: number;
  /** lower-case names */
  readonly headers: Readonly<Record<string, string>>;
  /** the first 4 KiB as text */
  readonly body: string;
}
export interface Http {
  /** POST without following redirects. @throws AgentError DELIVERY (without the URL or headers in it) when no answer came */
  post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<HttpAnswer>;
}

export interface HostInfo {
  /** Never rejects: what cannot be known is null. */
  read(): Promise<HostFacts>;
}

/** What statx(2) says of an open file. Device numbers are `major:minor`. */
export interface FileStatus {
  readonly devNumber: string;
  /** of a device node: the device it stands for */
  readonly deviceNumber: string;
  /** decimal; inode numbers go beyond 2^53 */
  readonly inode: string;
  readonly mode: number;
  readonly linkCount: number;
  readonly size: number;
  /** STATX_ATTR_DAX; absent where the kernel does not tell */
  readonly dax?: boolean;
  /** the id that mountinfo tells of the mount it was opened through (kernel 5.8) */
  readonly mountId?: number;
}
export interface ProcLink {
  readonly name: string;
  readonly target: Uint8Array;
}
export interface ProcLinks {
  /** of all there are */
  readonly count: number;
  /** those that say a path, and not what else a descriptor may be of */
  readonly paths: readonly ProcLink[];
}
export type OpenKind = 'file' | 'directory';

/**
 * File systems and their devices, read only, as the resolve stage needs them (probe process only). Synchronous: an
 * asynchronous native call costs several times the system call it makes. Numbers named `fd` are descriptors of this
 * process. Every call throws an Error whose `code` is the errno name (`EIO`, `ENOTTY`).
 */
export interface FilesystemIo {
  /** other threads that can look at the same file systems; absent where all is done by this one */
  readonly lanes?: Lanes;
  /** Opens `<dev root>/<name>` buffered; ENODEV when the node is not the device `devNumber`. */
  openDevice(name: string, devNumber: string): number;
  /**
   * Without blocking on a FIFO, changing the access time (where permitted) or, unless `follow`, following a link at its end.
   * `/proc/PID/root/...` is opened as that process sees it, and never through any link.
   */
  openPath(path: Uint8Array, kind: OpenKind, follow?: boolean): number;
  /**
   * One name of an open directory, never across a mount point (EXDEV) nor through a link (ELOOP). With `at`, the name that
   * begins there in a listing and ends with NUL: nothing is copied for it.
   */
  openBeneath(directory: number, name: Uint8Array, kind: OpenKind, at?: number): number;
  /**
   * What is at `path` (relative) below a mount point: never through a link on the way there or below, nor out of what is
   * mounted there (ELOOP, EXDEV). ENXIO for what is neither a file nor a directory, without opening it.
   */
  openOnMount(mountpoint: Uint8Array, path: Uint8Array, kind: OpenKind): number;
  /** open_by_handle_at(2): needs CAP_DAC_READ_SEARCH (EPERM); ESTALE when there is no such inode. */
  openHandle(mount: number, type: number, handle: Uint8Array, kind: OpenKind): number;
  close(fd: number): void;
  /** Bytes read; fewer than asked for only at the end. */
  pread(fd: number, into: Uint8Array, position: number): number;
  /** `buffer` goes in and out. Returns what ioctl(2) returns. */
  ioctl(fd: number, request: number, buffer: Uint8Array): number;
  /** The address of a buffer, for a request that carries a pointer; the caller keeps the buffer alive. */
  addressOf(buffer: Uint8Array): bigint;
  status(fd: number): FileStatus;
  /** getdents64(2) records; 0 at the end. */
  readDirectory(fd: number, into: Uint8Array): number;
  /** What the descriptor's link in procfs says: true for directories, and for files whose name the kernel has at hand. */
  pathOf(fd: number): Uint8Array;
  /** Process ids of the kernel's own threads, which use no files; empty where they are not told. */
  kernelThreads(): ReadonlySet<string>;
  /** Names in a directory of procfs, relative to its root. */
  listProc(path: string): readonly string[];
  readProc(path: string): Uint8Array;
  /**
   * As `readProc`, for files that wait for a lock of the process they tell of: ETIMEDOUT when it does not come. What hangs
   * keeps one of a few threads for good, so a caller gives up after some of them.
   */
  readProcWithin(path: string, deadlineMs: number): Promise<Uint8Array>;
  /** What a link in procfs says; undefined where it leads nowhere, as of what has ended, or has no program. */
  linkProc(path: string): Uint8Array | undefined;
  /** The links of a directory of procfs, but those that are gone by now. EACCES where they are not for us. */
  linksProc(path: string): ProcLinks;
  /** Of what a link in procfs leads to, as this host knows it, without asking a file server. */
  statusProc(path: string): FileStatus;
  /** Opens what a link in procfs leads to; only for what `statusProc` said is a file or a directory. */
  openProc(path: string, kind: OpenKind): number;
  /**
   * For each page of these bytes of a file 1 when the page cache holds it, well read, 0 when not (mincore(2)); reads
   * nothing. EPERM for files whose owner this process does not act for: the kernel would not tell the truth.
   */
  cachedPages(fd: number, offset: number, length: number): Uint8Array;
}

/** One row of a device-mapper table, in words. Without any key: those are taken out before anything else sees the row. */
export interface DmRow {
  /** sectors of the mapped device */
  readonly start: number;
  readonly count: number;
  readonly type: string;
  readonly parameters: readonly string[];
  /** what the target says of its state */
  readonly status: readonly string[];
}
/** Tables of device-mapper devices (probe process only). */
export interface DeviceMapper {
  /** `devNumber` as `253:0`. @throws Error whose `code` is the errno name: EPERM without CAP_SYS_ADMIN, ENXIO for no such device */
  table(devNumber: string): readonly DmRow[];
}

/**
 * A thread beside this one with file systems of its own; descriptors are shared, since it is the same process. What is
 * said to it and by it is plain data.
 */
export interface Lane {
  post(message: unknown): void;
  /** Takes what it says from now on; `onEnd` when it died, with why. */
  listen(onMessage: (message: unknown) => void, onEnd: (why: string) => void): void;
}
/** Threads for work that is worth starting some; they stay for later work and end with the process. */
export interface Lanes {
  /**
   * All there are, for one piece of work at a time; undefined while another has them. Those whose work was not
   * `finished` are given up.
   */
  borrow(): { readonly lanes: readonly Lane[]; giveBack(finished: boolean): void } | undefined;
}

/** The file that a unix socket is: node makes it when it listens and removes it when it closes. */
export interface SocketFiles {
  /**
   * Makes the path free: removes a socket that a crashed process left behind.
   * @throws AgentError LISTEN when a process answers there, or when the path is not a socket
   */
  claim(path: string): Promise<void>;
  /** Sets the permissions, such as 0o660. */
  restrict(path: string, mode: number): Promise<void>;
}

/** Compares passwords with their hashes, beside the event loop: a comparison takes tens of milliseconds or more. */
export interface Passwords {
  /** Whether it is the password of a bcrypt hash. Questions are answered one after the other. Rejects when none can be. */
  verify(password: string, hash: string): Promise<boolean>;
  close(): void;
}
