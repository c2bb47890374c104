/**
 * Entry of the probe process: the only one with capabilities and native calls. It serves one conversation, listens to
 * nothing, writes nothing but what starts a scrub, and ends with its peer. What long jobs need is loaded by the first of them, so that a probe
 * that only reads attributes stays small.
 */
import { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { createLocalTree } from './linux/probe/kernel-files.ts';
import { type ProbeServices, serveProbe } from './linux/probe/server.ts';
import type { Run } from './model/extent.ts';
import type { CheckEnd, CheckJob, FilesystemIo, ResolveProgress } from './ports.ts';
import type { CheckedFile } from './resolve/check.ts';
import type { HostFacts } from './resolve/climb.ts';

const { values } = parseArgs({
  options: {
    /** 3 from a parent process, 0 from a systemd socket unit */
    fd: { type: 'string', default: '0' },
    'path.sysfs': { type: 'string', default: '/sys' },
    'path.procfs': { type: 'string', default: '/proc' },
    'path.rootfs': { type: 'string', default: '/' },
    'path.dev': { type: 'string', default: '/dev' },
  },
});
const roots = { sysfs: values['path.sysfs'], procfs: values['path.procfs'] };
const sysfs = createLocalTree(roots.sysfs);

/** Block devices, what they are made of, and mounts as they are now. */
async function readFacts(asked?: string): Promise<HostFacts> {
  const [{ readStack }, { createDeviceMapper }] = await Promise.all([
    import('./discover/stack.ts'),
    import('./linux/device-mapper.ts'),
  ]);
  const procfs = createLocalTree(roots.procfs, 'PROCFS_READ');
  return readStack({ sysfs, procfs, deviceMapper: createDeviceMapper(values['path.dev']) }, asked);
}

/** As `readFacts`, and what other mount namespaces show of the device and of what stands on it. */
async function readFactsEverywhere(asked: string, io: FilesystemIo): Promise<HostFacts> {
  const [facts, { readForeignMounts }, { mountsAbove }] = await Promise.all([
    readFacts(asked),
    import('./discover/mount-namespaces.ts'),
    import('./resolve/mounts-above.ts'),
  ]);
  const foreign = readForeignMounts(io, facts.mounts, mountsAbove(asked, facts.blockDevices));
  return { ...facts, mounts: [...facts.mounts, ...foreign] };
}

let filesystems: Promise<FilesystemIo> | undefined;

/** One for all jobs of this process: its threads stay for the next one. */
function openFilesystems(): Promise<FilesystemIo> {
  filesystems ??= createFilesystems();
  return filesystems;
}
async function createFilesystems(): Promise<FilesystemIo> {
  const [{ createFilesystemIo }, { createLanes }] = await Promise.all([
    import('./linux/filesystem-io.ts'),
    import('./linux/lanes.ts'),
  ]);
  const places = { dev: values['path.dev'], proc: roots.procfs, rootfs: values['path.rootfs'] };
  return createFilesystemIo(places, createLanes(places));
}

/** Lists of every disk that has one, and what is wrong with those that do not say everything. */
async function readBadRuns({ blockDevices }: HostFacts) {
  const [{ parseBadBlocks }, { readPageSize }] = await Promise.all([
    import('./observe/badblocks.ts'),
    import('./linux/page-size.ts'),
  ]);
  const pageSize = readPageSize();
  const bad = new Map<string, readonly Run[]>();
  const whole = new Map<string, readonly Run[]>();
  const gaps: string[] = [];
  for (const { name, hasBadblocks } of blockDevices) {
    if (!hasBadblocks) continue;
    const file = await sysfs.read(`block/${name}/badblocks`);
    if (file.kind !== 'ok') continue;
    const list = parseBadBlocks(file.data, pageSize);
    if (list.kind !== 'ok') continue;
    bad.set(name, list.value.runs);
    if (list.value.complete) whole.set(name, list.value.runs);
    else gaps.push(`${name}: ${list.value.reason ?? 'its bad-block list is not complete'}`);
  }
  return { bad, whole, gaps };
}

/** So many files go on their way together. */
const FILES_AT_ONCE = 200;

async function check(
  job: CheckJob,
  onProgress: (progress: ResolveProgress) => void,
  signal: AbortSignal,
  emit: (files: readonly CheckedFile[]) => Promise<void>,
): Promise<CheckEnd> {
  const [{ checkPaths }, { opensOnMounts }, { pathFromText }, facts, io] = await Promise.all([
    import('./resolve/check.ts'),
    import('./resolve/on-mounts.ts'),
    import('./model/path.ts'),
    readFacts(),
    openFilesystems(),
  ]);
  const { bad, whole: badRuns, gaps } = await readBadRuns(facts);
  const deadline = AbortSignal.timeout(job.deadlineMs);
  let files: CheckedFile[] = [];
  let [looked, complete] = [0, true];
  try {
    const whileWanted = AbortSignal.any([signal, deadline]);
    const paths = job.paths.map(pathFromText);
    const opens = job.within === undefined ? undefined : opensOnMounts(job.within, facts, io);
    for await (const found of checkPaths(paths, bad, { ...facts, badRuns }, io, whileWanted, opens)) {
      // which disk a clean file lies on is not told: a list that is cut makes none of them clean
      const file = gaps.length === 0 ? found : { ...found, complete: false, reason: found.reason ?? gaps.join('; ') };
      looked++;
      complete &&= file.complete;
      onProgress({ phase: 'looking at files', done: looked });
      if (!job.tellClean && file.complete && file.ranges.length === 0) continue;
      files.push(file);
      if (files.length < FILES_AT_ONCE) continue;
      await emit(files);
      files = [];
    }
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error;
    complete = false;
  }
  if (files.length > 0) await emit(files);
  return { complete: complete && gaps.length === 0, looked };
}

const services: ProbeServices = {
  async resolve(job, onProgress, signal) {
    const [{ resolveRuns }, io] = await Promise.all([import('./resolve/resolve.ts'), openFilesystems()]);
    const facts = await readFactsEverywhere(job.device, io);
    // whether another copy is good is a question only where a layer may keep one
    const layered = facts.blockDevices.some(({ kind }) => kind === 'md' || kind === 'dm');
    const copies = layered || facts.mounts.some(({ fsType }) => fsType === 'btrfs');
    const badRuns = copies ? { badRuns: (await readBadRuns(facts)).whole } : {};
    return resolveRuns(job, { ...facts, ...badRuns }, io, onProgress, signal);
  },
  check,
  async dsm(call) {
    const { callDsm } = await import('./linux/dsm.ts');
    return callDsm(values['path.dev'], call);
  },
  async scrub(call) {
    const { performScrub } = await import('./linux/scrub.ts');
    return performScrub({ sysfs: roots.sysfs, dev: values['path.dev'] }, call);
  },
  async pollPriority() {
    const { pollPriority } = await import('./linux/native.ts');
    return pollPriority;
  },
};

serveProbe(new Socket({ fd: Number(values.fd), readable: true, writable: true }), {
  roots,
  services,
  onEnd: end,
});

/**
 * What stops a whole service signals all its processes at once: the peer still needs this one while it stops, and ends it.
 * Less than TimeoutStopSec of the socket's service, for a peer that stays; a second signal ends it at once.
 */
const GRACE_MS = 4_000;
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => setTimeout(end, GRACE_MS));

/** process.exit would wait for the workers, and one of them may be stuck in the kernel. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}
