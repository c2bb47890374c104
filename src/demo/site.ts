import { mkdir, mkdtemp, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import type { RealDevice } from './simulated-host.ts';

/** A folder on a file system whose blocks are those of one block device, as the demo needs it. */
export interface Site {
  /** made for this demo, removed with it */
  readonly folder: string;
  readonly fsType: string;
  readonly device: RealDevice;
}

/** Where to look for one, the usual place first. */
export async function candidateFolders(): Promise<string[]> {
  const wanted = [tmpdir(), process.cwd(), homedir(), '/var/tmp', '/srv'];
  const real = await Promise.all(wanted.map((folder) => realpath(folder).catch(() => undefined)));
  return [...new Set(real.filter((folder) => folder !== undefined))];
}

/** Makes a folder below `parent`, or says why the demo cannot be there. */
export async function tryParent(parent: string): Promise<Site | { readonly unfit: string }> {
  let folder: string | undefined;
  try {
    const { dev } = await stat(parent, { bigint: true });
    const [major, minor] = deviceNumbers(dev);
    const fsType = await fileSystemOf(parent, `${major}:${minor}`);
    // an anonymous number: the file system is not on one block device (tmpfs, overlay, btrfs, nfs, ...)
    if (major === 0n) return { unfit: `is on ${fsType}, which does not lie on one block device of its own` };
    const device = await readDevice(`${major}:${minor}`);
    folder = await mkdtemp(join(parent, 'pmemwatch-demo-'));
    return { folder, fsType, device };
  } catch (error) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    return { unfit: `cannot be used (${errnoOf(error) ?? String(error)})` };
  }
}

/** The bits of dev_t as stat(2) gives them (glibc gnu_dev_major). */
export function deviceNumbers(dev: bigint): [major: bigint, minor: bigint] {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return [major, minor];
}

async function readDevice(devNumber: string): Promise<RealDevice> {
  const path = `/sys/dev/block/${devNumber}`;
  const size = Number(await readFile(`${path}/size`, 'utf8'));
  const name = /^DEVNAME=(.+)$/m.exec(await readFile(`${path}/uevent`, 'utf8'))?.[1];
  if (name === undefined || !Number.isSafeInteger(size) || size <= 0) throw new Error(`${path} names no device`);
  return { devNumber, node: `/dev/${name}`, size };
}

/** The type of the mount that a folder lies on: of those with its number, or whose path leads to it, the nearest. */
async function fileSystemOf(folder: string, devNumber: string): Promise<string> {
  let best = { length: -1, type: 'a file system of unknown kind' };
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [, , number, , mountpoint = '', ...rest] = line.split(' ');
    const type = rest[rest.indexOf('-') + 1];
    const leadsHere = folder === mountpoint || folder.startsWith(mountpoint === '/' ? '/' : `${mountpoint}/`);
    const length = mountpoint.length + (number === devNumber ? 1 : 0);
    if (type !== undefined && leadsHere && length >= best.length) best = { length, type };
  }
  return best.type;
}

/** Bytes of the file that is going to be damaged, and where the damage lies in it. */
export const fileBytes = 64 * 1024;
export const damage = { offset: 8192, length: 4096 } as const;

/** Writes a file as a database would have one, all of it on the disk: only then does it have a place there. */
export async function writeVictim(folder: string): Promise<string> {
  const directory = join(folder, 'pg/base/16402');
  await mkdir(directory, { recursive: true });
  const file = join(directory, '24711');
  await using handle = await open(file, 'w', 0o600);
  await handle.writeFile(Buffer.alloc(fileBytes, 'a row of a table that someone will miss\n'));
  await handle.sync();
  return file;
}
