import { AgentError } from '../../../model/errors.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { readSuperblock } from './superblock.ts';
import { isReplacement, type Member, type Volume } from './volume.ts';

export interface FoundMember {
  readonly member: Member;
  /** generation of the last complete transaction; absent when no superblock of the device can be read */
  readonly committed?: number;
}

/**
 * Which member of the file system a block device is: by the number and uuid in its superblock, or by its path where
 * no superblock can be read. @throws AgentError RESOLVE when it is none: the mount is of another file system
 */
export function findMember(io: FilesystemIo, device: BlockDevice, volume: Volume): FoundMember {
  const named = volume.members.find((m) => isPathOf(m.path, device));
  const read = readSuperblock(io, device);
  if (read.kind === 'failed') {
    if (named !== undefined) return { member: named };
    throw new AgentError('RESOLVE', `which device of its btrfs ${device.name} is cannot be told: ${read.reason}`);
  }
  const { fsid, deviceId, deviceUuid, generation } = read.value;
  const numbered = volume.members.find((m) => m.id === deviceId && m.uuid === deviceUuid);
  // a copy of a device has the same number and uuid; a seed device another file system's id
  if (numbered !== undefined && (fsid === volume.fsid || numbered === named)) {
    return { member: numbered, committed: generation };
  }
  if (named !== undefined && isReplacement(named)) return { member: named, committed: generation };
  throw new AgentError('RESOLVE', `${device.name} is no device of the btrfs that is mounted`);
}

export function isPathOf(path: string, { name, dmName }: BlockDevice): boolean {
  return path === `/dev/${name}` || (dmName !== undefined && path === `/dev/mapper/${dmName}`);
}
