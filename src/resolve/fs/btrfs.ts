import { AgentError, errnoOf } from '../../model/errors.ts';
import { coalesce, type Run, run, subtract } from '../../model/extent.ts';
import { createRunIndex } from '../../model/run-index.ts';
import { sectorsCovering, wholeSectors } from '../../model/units.ts';
import { readChunks, readDeviceExtents } from './btrfs/chunks.ts';
import { openLook } from './btrfs/look.ts';
import { findMember } from './btrfs/member.ts';
import { tellPlaced } from './btrfs/tell.ts';
import { createTreeSearch, type TreeSearch } from './btrfs/tree-search.ts';
import { readVolume } from './btrfs/volume.ts';
import {
  type Coverage,
  type FilesystemOwner,
  type FilesystemResolver,
  type FilesystemTask,
  PAST_DEADLINE,
} from './resolver.ts';
import { bytePath, bytesOf } from './visible-path.ts';

/**
 * btrfs: sectors of a member device are followed through its chunks to logical addresses, and those through the
 * kernel's trees, as they are now, to the files of every subvolume and snapshot. Nothing is read from the devices but
 * a superblock. What is told as free was so at the last commit, unless a file has taken it since.
 */
export const btrfs: FilesystemResolver = { name: 'btrfs trees', fsTypes: ['btrfs'], resolve };

/**
 * A balance that moves what was asked about makes the answer void, and so does a snapshot that was relied on not to change;
 * both rarely happen twice.
 */
const ATTEMPTS = 3;

async function* resolve(task: FilesystemTask): AsyncGenerator<readonly FilesystemOwner[], Coverage, void> {
  const { io, mount, device } = task;
  const fd = io.openPath(bytesOf(bytePath(mount.mountpoint)), 'directory', true);
  try {
    const search = createTreeSearch(io, fd);
    for (let tries = 1; ; tries++) {
      const volume = readVolume(io, fd);
      const found = findMember(io, device, volume);
      const layout = readLayout(search, found.member.id, task.wanted);
      const look = openLook({ task, fd, search, volume, found, extents: layout.extents, shares: tries === 1 });
      const owners: FilesystemOwner[] = look.placing.settled.map((s) => ({ ...s, device: device.name }));
      const stopped = !(await tellPlaced(look, owners));
      for (const r of coalesce(look.free)) owners.push({ kind: 'free', device: device.name, ...r });
      const moved = !stopped && readLayout(search, found.member.id, task.wanted).text !== layout.text;
      const reason = stopped ? PAST_DEADLINE : 'its chunk was moved while it was looked at';
      if (moved || !look.snapshots.stillHolds()) {
        if (!stopped && tries < ATTEMPTS) continue;
        yield task.wanted.map((r) => ({ kind: 'unknown', device: device.name, ...r, reason }));
        return { complete: false, reason };
      }
      yield owners;
      const { statDevices } = look.names;
      if (!stopped) return { complete: true, statDevices };
      yield subtract(task.wanted, owners).map((r) => ({ kind: 'unknown', device: device.name, ...r, reason }));
      return { complete: false, reason, statDevices };
    }
  } finally {
    io.close(fd);
  }
}

/** What of the device is allocated; `text` is the same as long as nothing moved that was asked about. */
function readLayout(search: TreeSearch, device: number, wanted: readonly Run[]) {
  try {
    const extents = readDeviceExtents(search, device, readChunks(search));
    const asked = createRunIndex(wanted);
    const touched = extents.filter(
      ({ byte, length }) => asked.overlapping(run(wholeSectors(byte), sectorsCovering(byte, length))).length > 0,
    );
    return { extents, text: JSON.stringify(touched) };
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    throw new AgentError('RESOLVE', 'the trees of a btrfs are for root only (CAP_SYS_ADMIN)', { cause: error });
  }
}
