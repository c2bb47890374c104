import type { BlockDevice, Mount } from '../model/topology.ts';
import type { FilesystemIo, OpenKind } from '../ports.ts';
import { type HostFacts, mountsOf } from './climb.ts';
import { bytePath, bytesOf, isWithin } from './fs/visible-path.ts';
import { attempt, type OpenedOrWhy, type OpensAsked } from './opened.ts';

/** The same words whether there is such a file or not: it was not looked for. */
const NOT_WATCHED = 'it lies on no mounted file system of a watched device';
const reasons: Readonly<Record<string, string>> = {
  ELOOP: 'its path leads through a symbolic link, which is not followed: name what it leads to',
  EXDEV: 'something else is mounted on the way to it by now',
  ENXIO: 'neither a file nor a directory',
};

/**
 * Opens only what is mounted from these disks or from what stands on them, and never through a link: for those who ask from
 * elsewhere. Which mount a path lies on is told by the table of mounts alone, before anything is opened.
 */
export function opensOnMounts(disks: readonly string[], facts: HostFacts, io: FilesystemIo): OpensAsked {
  const mounts = facts.mounts.filter(({ namespace }) => namespace === undefined);
  const watched = mountsFrom(disks, facts.blockDevices, mounts);
  return (path, kind) => {
    const asked = bytePath(path);
    const mount = mountAt(asked, mounts);
    if (mount === undefined || !watched.has(mount)) {
      return { kind: 'failed', errno: 'EXDEV', reason: NOT_WATCHED };
    }
    const opened = openOn(mount, asked, kind, io);
    if (opened.kind === 'failed' || isOf(mount, opened.fd, io)) return opened;
    io.close(opened.fd);
    return { kind: 'failed', errno: 'EXDEV', reason: reasons['EXDEV'] ?? '' };
  };
}

function openOn(mount: Mount, asked: string, kind: OpenKind, io: FilesystemIo): OpenedOrWhy {
  const mountpoint = bytePath(mount.mountpoint);
  const below = asked.slice(mountpoint === '/' ? 1 : mountpoint.length + 1).replace(/\/+$/, '');
  return attempt(
    () => io.openOnMount(bytesOf(mountpoint), bytesOf(below), kind),
    (errno) => reasons[errno],
  );
}

/** Mounts of these disks and of all that stands on them: partitions, volumes and arrays, and loop devices on their files. */
function mountsFrom(disks: readonly string[], devices: readonly BlockDevice[], mounts: readonly Mount[]): Set<Mount> {
  const standing = new Set(disks);
  const found = new Set<Mount>();
  for (const name of standing) {
    const device = devices.find((d) => d.name === name);
    if (device === undefined) continue;
    for (const mount of mountsOf(device, mounts)) found.add(mount);
    for (const holder of device.holders) standing.add(holder);
    for (const other of devices) {
      if (other.partitionOf?.disk === name || isLoopOn(other, name, found, mounts)) standing.add(other.name);
    }
  }
  return found;
}
function isLoopOn({ assembly }: BlockDevice, disk: string, found: Set<Mount>, mounts: readonly Mount[]): boolean {
  if (assembly?.kind !== 'loop') return false;
  const mount = mountAt(bytePath(assembly.file), mounts);
  return assembly.device === disk || (mount !== undefined && found.has(mount));
}

/** The mount whose mountpoint leads furthest down the path; of several on one point the last, which hides the others. */
function mountAt(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  let length = -1;
  for (const mount of mounts) {
    const mountpoint = bytePath(mount.mountpoint);
    if (mountpoint.length < length || !isWithin(path, mountpoint)) continue;
    found = mount;
    length = mountpoint.length;
  }
  return found;
}

/** Mounts are made and undone meanwhile. btrfs shows device numbers of its subvolumes, older kernels no id. */
function isOf(mount: Mount, fd: number, io: FilesystemIo): boolean {
  const { mountId, devNumber } = io.status(fd);
  return mountId === mount.id || devNumber === mount.devNumber;
}
