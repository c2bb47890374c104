import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plantTree } from './plant.ts';
import type { BenchSubject } from './subject.ts';

/** Images are kept here between runs: planting a million files takes longer than measuring them. */
export const IMAGES = process.env['PMEMWATCH_BENCH_IMAGES'] ?? join(tmpdir(), 'pmemwatch-bench-images');

export interface MountedImage {
  readonly device: string;
  readonly mountpoint: string;
  readonly sectors: number;
  close(): void;
}

function tool(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 }).toString();
}

/** The file system with its tree, made the first time it is asked for. */
export function mountImage(subject: BenchSubject, files: number): MountedImage {
  mkdirSync(IMAGES, { recursive: true });
  const image = join(IMAGES, `${subject.name}-${files}.img`);
  // two mounts of one image would write over each other
  if (tool('losetup', '-j', image) !== '') throw new Error(`${image} is in use: losetup -j ${image}`);
  const fresh = !existsSync(image);
  const building = fresh ? `${image}.building` : image;
  if (fresh) {
    rmSync(building, { force: true });
    writeFileSync(building, '');
    truncateSync(building, subject.bytes(files));
    const [command, ...args] = subject.mkfs;
    tool(command as string, ...args, building);
    subject.prepare?.(building);
  }
  const mounted = mount(building, subject.mountOptions);
  if (!fresh) return mounted;
  try {
    console.log(`planting ${files} files for ${subject.name} (kept in ${IMAGES})`);
    (subject.plant ?? plantTree)(mounted.mountpoint, files);
    tool('sync', '-f', mounted.mountpoint);
  } catch (error) {
    mounted.close();
    throw error;
  }
  mounted.close();
  renameSync(building, image);
  return mount(image, subject.mountOptions);
}

function mount(image: string, options: string | undefined): MountedImage {
  const device = tool('losetup', '--show', '-f', image).trim();
  const name = device.replace('/dev/', '');
  const mountpoint = `${image}.mnt`;
  mkdirSync(mountpoint, { recursive: true });
  try {
    tool('mount', ...(options === undefined ? [] : ['-o', options]), device, mountpoint);
  } catch (error) {
    tool('losetup', '-d', device);
    throw error;
  }
  return {
    device: name,
    mountpoint,
    sectors: Number(readFileSync(`/sys/class/block/${name}/size`, 'utf8')),
    close() {
      tool('umount', mountpoint);
      tool('losetup', '-d', device);
      // never what is in it: the image may be mounted there once more
      rmdirSync(mountpoint);
    },
  };
}

/** Everything from the device again: page cache, dentries and inodes. */
export function dropCaches(): void {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}
