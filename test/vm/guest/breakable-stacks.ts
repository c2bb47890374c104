import { readFileSync } from 'node:fs';
import { lvm, prepareLvm } from './lvm.ts';
import { program } from './program.ts';
import { kernelNameOf, mapDevice } from './stack.ts';

/** Stacks on partitions of 96 MiB of pmem0 and pmem1, to be broken from below. */
export interface BreakableStack {
  readonly what: string;
  /** makes it; its kernel name */
  readonly make: () => string;
  readonly fsType?: 'xfs' | 'ext4';
  /** what people see as the last layer */
  readonly layer: { readonly kind: string; readonly name?: string };
  /** whether another copy serves the read */
  readonly served: boolean;
}
const number = (partition: string): string => readFileSync(`/sys/class/block/${partition}/dev`, 'utf8').trim();
const sectors = (96 * 1024 * 1024) / 512;

export const breakableStacks: readonly BreakableStack[] = [
  {
    what: 'dm-linear over two ends of a partition',
    make: () => {
      const half = sectors / 2;
      const disk = number('pmem0p1');
      return mapDevice('lin', `0 ${half} linear ${disk} ${half}`, `${half} ${half} linear ${disk} 0`);
    },
    layer: { kind: 'dm-linear', name: 'lin' },
    served: false,
  },
  {
    what: 'an LVM volume over two disks',
    make: () => {
      prepareLvm();
      lvm('pvcreate', '-q', '/dev/pmem0p2', '/dev/pmem1p2');
      lvm('vgcreate', '-q', 'data-vg', '/dev/pmem0p2', '/dev/pmem1p2');
      lvm('lvcreate', '-q', '-y', '-Wn', '-Zn', '-n', 'pg', '-l', '8', 'data-vg', '/dev/pmem1p2');
      lvm('lvextend', '-q', '-l', '+15', 'data-vg/pg', '/dev/pmem0p2');
      return kernelNameOf('data--vg-pg');
    },
    layer: { kind: 'dm-linear', name: 'data-vg/pg' },
    served: false,
  },
  {
    what: 'an LVM mirror (dm-raid)',
    make: () => {
      lvm(
        'lvcreate',
        '-q',
        '-y',
        '-Wn',
        '-Zn',
        '--type',
        'raid1',
        '-m1',
        '--nosync',
        '-n',
        'safe',
        '-L',
        '16M',
        'data-vg',
      );
      return kernelNameOf('data--vg-safe');
    },
    fsType: 'ext4',
    layer: { kind: 'dm-raid', name: 'data-vg/safe' },
    served: true,
  },
  {
    what: 'dm-stripe over two disks',
    make: () => mapDevice('stri', `0 ${2 * sectors} striped 2 256 ${number('pmem0p3')} 0 ${number('pmem1p3')} 0`),
    layer: { kind: 'dm-striped', name: 'stri' },
    served: false,
  },
  {
    what: 'dm-crypt',
    make: () => {
      const key = '0f'.repeat(32);
      return mapDevice('secret', `0 ${sectors - 4096} crypt aes-xts-plain64 ${key} 0 ${number('pmem0p4')} 4096`);
    },
    layer: { kind: 'dm-crypt', name: 'secret' },
    served: false,
  },
  {
    what: 'md raid0',
    make: () => createArray('md0', 'raid0', 'pmem0p5', 'pmem1p5'),
    layer: { kind: 'md-raid0' },
    served: false,
  },
  {
    what: 'md raid1',
    make: () => createArray('md1', 'raid1', 'pmem0p6', 'pmem1p6'),
    layer: { kind: 'md-raid1' },
    served: true,
  },
  {
    what: 'md raid5',
    make: () => createArray('md5', 'raid5', 'pmem0p7', 'pmem1p7', 'pmem1p8'),
    layer: { kind: 'md-raid5' },
    served: true,
  },
  {
    what: 'md raid10',
    make: () => createArray('md10', 'raid10', 'pmem0p8', 'pmem1p1', 'pmem0p9', 'pmem1p4'),
    layer: { kind: 'md-raid10' },
    served: true,
  },
];

/** The media is all zeros, so that parity and copies are right without a first synchronisation. */
function createArray(name: string, level: string, ...members: string[]): string {
  const devices = members.map((member) => `/dev/${member}`);
  const options = [`--level=${level}`, `--raid-devices=${members.length}`];
  program('mdadm', '--create', `/dev/${name}`, '--run', '--force', '--assume-clean', ...options, ...devices);
  return name;
}
