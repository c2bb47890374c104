import type { BlockDevice, Mount } from '../../../model/topology.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { viewOf } from '../little-endian.ts';

/** What an XFS keeps on a device: its data, its journal, or the files of its realtime part. */
export type XfsRole = 'data' | 'log' | 'realtime';

/** FS_IOC_FSGETXATTR (include/uapi/linux/fs.h), struct fsxattr of 28 bytes: 0 u32 flags; FS_XFLAG_REALTIME. */
const FS_IOC_FSGETXATTR = 0x801c581f;
const FSXATTR_BYTES = 28;
export const XFLAG_REALTIME = 0x1;

/** XFS mounts that have their journal or their realtime part on this device (mount options logdev=, rtdev=). */
export function xfsMountsBeside(device: BlockDevice, mounts: readonly Mount[]): Mount[] {
  return mounts.filter((m) => m.fsType === 'xfs' && sideRole(device, m) !== undefined);
}
export function roleOf(device: BlockDevice, mount: Mount): XfsRole | undefined {
  return device.devNumber === mount.devNumber ? 'data' : sideRole(device, mount);
}
function sideRole(device: BlockDevice, { superOptions }: Mount): 'log' | 'realtime' | undefined {
  const is = (option: string): boolean =>
    superOptions.some((o) => o.startsWith(`${option}=`) && isNodeOf(o.slice(option.length + 1), device));
  if (is('logdev')) return 'log';
  return is('rtdev') ? 'realtime' : undefined;
}
/** The device that holds the files of the realtime part; undefined when there is none, or none is known. */
export function realtimeDeviceOf(mount: Mount, devices: readonly BlockDevice[]): BlockDevice | undefined {
  return devices.find((d) => sideRole(d, mount) === 'realtime');
}
export function hasRealtime(mount: Mount): boolean {
  return mount.fsType === 'xfs' && mount.superOptions.some((o) => o.startsWith('rtdev='));
}

/** Mountinfo shows the name that was given to mount: a kernel name, one of device-mapper, or LVM's `/dev/VG/LV`. */
function isNodeOf(node: string, { name, dmName }: BlockDevice): boolean {
  if (node === `/dev/${name}`) return true;
  if (dmName === undefined) return false;
  const [group, volume, more] = node.slice('/dev/'.length).split('/');
  const doubled = (part: string): string => part.replaceAll('-', '--');
  if (group === undefined || volume === undefined || more !== undefined) return false;
  return group === 'mapper' ? volume === dmName : `${doubled(group)}-${doubled(volume)}` === dmName;
}

/** Whether the bytes of an open file of such a file system lie on the realtime device. */
export function isRealtimeFile(io: FilesystemIo, fd: number): boolean {
  const raw = Buffer.alloc(FSXATTR_BYTES);
  io.ioctl(fd, FS_IOC_FSGETXATTR, raw);
  return (viewOf(raw).getUint32(0, true) & XFLAG_REALTIME) !== 0;
}
