import { quietly } from '../model/errors.ts';
import type { KernelUser } from '../model/owner.ts';
import type { BlockDevice } from '../model/topology.ts';
import type { FilesystemIo } from '../ports.ts';
import type { HostFacts } from './climb.ts';
import { targetKey, type UseTarget } from './open-by.ts';
import { backingFile } from './stack/loop.ts';

const NO_USER: readonly KernelUser[] = [];

/** What the kernel itself does with these files and devices: swaps to them, or shows them as loop devices. */
export function findKernelUsers(
  targets: readonly UseTarget[],
  { blockDevices }: HostFacts,
  io: FilesystemIo,
): (target: UseTarget) => readonly KernelUser[] {
  const found = new Map<string, KernelUser[]>();
  const wanted = new Set(targets.map(targetKey));
  const add = (key: string, user: KernelUser): void => {
    if (wanted.has(key)) found.set(key, [...(found.get(key) ?? []), user]);
  };
  if (wanted.size > 0) {
    for (const { name, key } of swapAreas(blockDevices, io)) if (key !== undefined) add(key, { kind: 'swap', name });
    for (const device of loopDevices(io)) {
      const file = backingFile(device, io);
      if (file !== undefined) add(`${file.devNumber} ${file.inode}`, { kind: 'loop', name: `/dev/${device.name}` });
    }
  }
  // mostly none: thousands of keys need not be made to find nothing
  return (target) => (found.size === 0 ? NO_USER : (found.get(targetKey(target)) ?? NO_USER));
}

interface SwapArea {
  readonly name: string;
  /** of the file or device, where it can be told */
  readonly key?: string;
}

/** <procfs>/swaps: `Filename Type Size Used Priority`, blanks in names as \040 (mm/swapfile.c swap_show). */
function swapAreas(blockDevices: readonly BlockDevice[], io: FilesystemIo): SwapArea[] {
  const text = quietly(() => Buffer.from(io.readProc('swaps')).toString('latin1')) ?? '';
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): SwapArea[] => {
      const [escaped, type] = line.split(/\s+/);
      if (escaped === undefined || type === undefined) return [];
      const path = Buffer.from(
        escaped.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
        'latin1',
      );
      const name = path.toString('utf8');
      if (type === 'partition') {
        const kernelName = name.slice(name.lastIndexOf('/') + 1);
        const device = blockDevices.find((d) => d.name === kernelName || `/dev/mapper/${d.dmName}` === name);
        if (device === undefined) return [];
        return [{ name, key: targetKey({ kind: 'device', number: device.devNumber, name: device.name }) }];
      }
      const status = quietly(() => {
        const fd = io.openPath(path, 'file');
        try {
          return io.status(fd);
        } finally {
          io.close(fd);
        }
      });
      return [status === undefined ? { name } : { name, key: `${status.devNumber} ${status.inode}` }];
    });
}

/** All of the host, whatever is on them: lines of <procfs>/partitions, `major minor blocks name`. */
function loopDevices(io: FilesystemIo): { readonly name: string; readonly devNumber: string }[] {
  const text = quietly(() => Buffer.from(io.readProc('partitions')).toString('latin1')) ?? '';
  return [...text.matchAll(/^\s*(\d+)\s+(\d+)\s+\d+\s+(loop\d+)$/gm)].map(([, major, minor, name]) => ({
    name: name as string,
    devNumber: `${major}:${minor}`,
  }));
}
