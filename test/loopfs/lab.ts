import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { run } from '../../src/model/extent.ts';
import type { Owner, ResolveAnswer } from '../../src/model/owner.ts';
import { pathFromBytes } from '../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../src/model/topology.ts';
import { bytes, sector, sectorCount } from '../../src/model/units.ts';
import type { HostFacts } from '../../src/resolve/climb.ts';
import { resolveRuns } from '../../src/resolve/resolve.ts';

/** A file system on a loop device of this machine, and the resolver looking at it. */
export interface Lab {
  readonly device: string;
  readonly mountpoint: string;
  readonly sectors: number;
  /** the loop device of the journal; '' when it is on the same one */
  readonly journal: string;
  /** the loop device of an XFS realtime part; '' when there is none */
  readonly realtime: string;
  readonly folder: string;
  unmount(): void;
  mount(): void;
  close(): void;
}
export interface LabOptions {
  readonly megabytes: number;
  readonly mkfs: readonly string[];
  readonly mountOptions?: string;
  /** a second device, for the journal of an XFS: mkfs and mount are told of it */
  readonly journalMegabytes?: number;
  /** a device for the realtime part of an XFS */
  readonly realtimeMegabytes?: number;
  /** changes the image after mkfs */
  readonly prepare?: (image: string) => void;
}

/** Bytes out, so that names that are no text survive. @throws when the tool fails */
export function tool(command: string, ...args: readonly string[]): Buffer {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
}
export const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });

/** What keeps these tests from running here; undefined when nothing does. */
export function obstacle(...commands: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: loop devices and mounts';
  if (!existsSync('/dev/loop-control')) return 'this kernel has no loop devices';
  const folders = (process.env['PATH'] ?? '').split(':').concat('/sbin', '/usr/sbin');
  const missing = commands.filter((c) => !folders.some((f) => existsSync(join(f, c))));
  if (missing.length === 0) return undefined;
  const reason = `missing: ${missing.join(', ')} (apt-get install xfsprogs e2fsprogs btrfs-progs f2fs-tools attr fdisk)`;
  // there they are installed before: tests that are passed over every time would look like tests that pass
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

/** A feature that this machine's kernel was built without. */
export class Unmountable extends Error {}

/** Runs `body` on a new file system and takes it away again, whatever happens. */
export async function withLab(
  t: TestContext,
  options: LabOptions,
  body: (lab: Lab, defer: (undo: () => unknown) => void) => Promise<void>,
): Promise<void> {
  let lab: Lab;
  try {
    lab = createLab(options);
  } catch (error) {
    if (!(error instanceof Unmountable)) throw error;
    t.skip(error.message);
    return;
  }
  const undo: (() => unknown)[] = [() => lab.close()];
  try {
    await body(lab, (step) => undo.push(step));
  } finally {
    for (const step of undo.toReversed()) await step();
  }
}

/** A process that was killed a moment ago may still be letting go of it. */
function unmountWhenFree(mountpoint: string): void {
  const deadline = performance.now() + 5_000;
  for (;;) {
    try {
      tool('umount', mountpoint);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      execFileSync('sleep', ['0.05']);
    }
  }
}

export function createLab({ megabytes: asked, mkfs: maker, mountOptions, prepare, ...aside }: LabOptions): Lab {
  const { megabytes, mkfs } = isSmall ? shrink(asked, maker) : { megabytes: asked, mkfs: maker };
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-loopfs-'));
  const mountpoint = join(folder, 'mnt');
  mkdirSync(mountpoint);
  const image = blankImage(folder, 'image', megabytes);
  const attachBlank = (name: string, size: number | undefined): string =>
    size === undefined ? '' : attach(blankImage(folder, name, size));
  const journal = attachBlank('journal', aside.journalMegabytes);
  const realtime = attachBlank('realtime', aside.realtimeMegabytes);
  const [command, ...args] = mkfs;
  const journalArgs = journal === '' ? [] : ['-l', `logdev=/dev/${journal}`];
  const realtimeArgs = realtime === '' ? [] : ['-r', `rtdev=/dev/${realtime}`];
  tool(command as string, ...args, ...journalArgs, ...realtimeArgs, image);
  prepare?.(image);
  const device = attach(image);
  const allOptions = [...(mountOptions === undefined ? [] : [mountOptions])];
  if (journal !== '') allOptions.push(`logdev=/dev/${journal}`);
  if (realtime !== '') allOptions.push(`rtdev=/dev/${realtime}`);
  const sectors = Number(readFileSync(`/sys/class/block/${device}/size`, 'utf8'));
  const lab: Lab = {
    device,
    mountpoint,
    sectors,
    journal,
    realtime,
    folder,
    mount: () =>
      void tool(
        'mount',
        ...(allOptions.length === 0 ? [] : ['-o', allOptions.join(',')]),
        `/dev/${device}`,
        mountpoint,
      ),
    unmount: () => unmountWhenFree(mountpoint),
    close() {
      // the tests may have unmounted it already
      if (readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${mountpoint} `)) lab.unmount();
      for (const one of [device, journal, realtime]) if (one !== '') tool('losetup', '-d', `/dev/${one}`);
      rmSync(folder, { recursive: true });
    },
  };
  try {
    lab.mount();
  } catch (error) {
    lab.close();
    throw new Unmountable(`this kernel does not mount it: ${mkfs.join(' ')}`, { cause: error });
  }
  return lab;
}

/** For an emulated processor: file systems and trees of a fraction of the size. */
export const isSmall = process.env['PMEMWATCH_SMALL'] === 'yes';
function shrink(megabytes: number, mkfs: readonly string[]) {
  const [command = '', ...args] = mkfs;
  // below this size it makes no file system unless it is told that nobody will rely on it
  if (command === 'mkfs.xfs') return { megabytes: 64, mkfs: [command, '--unsupported', ...args] };
  // the most of it is kept for itself
  if (command === 'mkfs.f2fs') return { megabytes: 128, mkfs };
  return { megabytes: Math.min(40, megabytes), mkfs };
}

function blankImage(folder: string, name: string, megabytes: number): string {
  const image = join(folder, name);
  writeFileSync(image, '');
  truncateSync(image, megabytes * 1024 * 1024);
  return image;
}
function attach(image: string): string {
  return tool('losetup', '--show', '-f', image).toString().trim().replace('/dev/', '');
}

export function facts(): HostFacts {
  return { blockDevices: readdirSync('/sys/class/block').map(readBlockDevice), mounts: readMounts() };
}
function readBlockDevice(name: string): BlockDevice {
  const read = (file: string): string => readFileSync(`/sys/class/block/${name}/${file}`, 'utf8').trim();
  const partition = existsSync(`/sys/class/block/${name}/partition`);
  const disk = partition ? readdirSync('/sys/block').find((d) => existsSync(`/sys/block/${d}/${name}`)) : undefined;
  return {
    name,
    devNumber: read('dev'),
    size: sectorCount(Number(read('size'))),
    logicalBlockBytes: bytes(512),
    kind: partition ? 'partition' : 'disk',
    holders: readdirSync(`/sys/class/block/${name}/holders`),
    slaves: [],
    hasBadblocks: false,
    dax: false,
    ...(disk === undefined ? {} : { partitionOf: { disk, start: sector(Number(read('start'))) } }),
  };
}
function readMounts(): Mount[] {
  const decodeField = (field: string): Buffer =>
    Buffer.from(
      field.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
      'latin1',
    );
  const lines = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line): Mount => {
    const [before, after] = line.split(' - ') as [string, string];
    const [id, parentId, devNumber, root, mountpoint, options] = before.split(' ') as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const [fsType, source, superOptions] = after.split(' ') as [string, string, string];
    return {
      id: Number(id),
      parentId: Number(parentId),
      devNumber,
      root: pathFromBytes(decodeField(root)),
      mountpoint: pathFromBytes(decodeField(mountpoint)),
      fsType,
      source: pathFromBytes(decodeField(source)),
      options: options.split(','),
      superOptions: superOptions.split(','),
    };
  });
}

export async function resolveSectors(
  device: string,
  runs: readonly (readonly [number, number])[],
  options: { readonly walkRoots?: readonly string[]; readonly io?: typeof io; readonly facts?: HostFacts } = {},
): Promise<ResolveAnswer> {
  const job = {
    device,
    runs: runs.map(([start, count]) => run(start, count)),
    deadlineMs: 120_000,
    walkRoots: options.walkRoots ?? [],
  };
  return resolveRuns(job, options.facts ?? facts(), options.io ?? io, () => undefined, new AbortController().signal);
}

/** Every sector of the device in one question. */
export async function resolveAll(lab: Lab): Promise<readonly Owner[]> {
  const answer = await resolveSectors(lab.device, [[0, lab.sectors]]);
  return answer.results[0]?.owners ?? [];
}
