import { type Run, run } from '../../../model/extent.ts';
import { createRunIndex, type RunIndex } from '../../../model/run-index.ts';
import { sectorsCovering, wholeSectors } from '../../../model/units.ts';
import type { FilesystemTask } from '../resolver.ts';
import { createPathSpace } from '../visible-path.ts';
import { CHUNK_TYPE, type DeviceExtent } from './chunks.ts';
import { createExtentFiles, type ExtentFilesReader } from './extent-files.ts';
import type { Extent } from './extents.ts';
import type { FoundMember } from './member.ts';
import { createNames, type Names } from './names.ts';
import { type Placing, placeOnDevice } from './place.ts';
import { createSnapshots, noSnapshots, type Snapshots } from './snapshots.ts';
import { createSpots, type Spot } from './spots.ts';
import { readSubvolumes } from './subvolumes.ts';
import type { TreeSearch } from './tree-search.ts';
import { createTreeNames } from './trees.ts';
import { type FileRun, readUncommitted } from './uncommitted.ts';
import type { Volume } from './volume.ts';

/** Everything that one look at a member device needs. */
export interface Look {
  readonly task: FilesystemTask;
  readonly search: TreeSearch;
  readonly volume: Volume;
  readonly placing: Placing;
  readonly files: ExtentFilesReader;
  readonly names: Names;
  readonly treeName: (block: Extent) => string;
  readonly snapshots: Snapshots;
  readonly uncommitted: RunIndex<UncommittedRun>;
  readonly spotsOf: (asked: Run) => readonly Spot[];
  /** sectors of the device that were found to be free, in pieces */
  readonly free: Run[];
  /** Lets the event loop turn now and then; false when it is time to stop. */
  turn(done: number): Promise<boolean>;
}
export interface UncommittedRun extends Run, FileRun {}

/** Longest time without a turn of the event loop. */
const TURN_MS = 10;

export interface LookSources {
  readonly task: FilesystemTask;
  readonly fd: number;
  readonly search: TreeSearch;
  readonly volume: Volume;
  readonly found: FoundMember;
  readonly extents: readonly DeviceExtent[];
  /** whether what a snapshot shares with its origin may be taken from there */
  readonly shares: boolean;
}

export function openLook({ task, fd, search, volume, found, extents, shares }: LookSources): Look {
  const { io, mount, mounts, signal } = task;
  const placing = placeOnDevice(task.wanted, found.member, extents);
  const placed = createRunIndex(placing.placed);
  const subvolumes = readSubvolumes(search);
  const snapshots = shares ? createSnapshots({ io, fd, search, subvolumes }) : noSnapshots;
  const fresh: UncommittedRun[] = [];
  const inData = placing.placed.some((p) => (p.chunk.type & CHUNK_TYPE.data) !== 0);
  const committed = found.committed ?? (volume.generation === undefined ? 0 : Math.max(0, volume.generation - 2));
  // without a transaction that runs there is nothing that is not committed
  if (inData && volume.generation !== committed) {
    const sectorsOf = (logical: number, bytes: number): Run =>
      run(wholeSectors(logical), sectorsCovering(logical, bytes));
    const wants = (logical: number, bytes: number): boolean => placed.overlapping(sectorsOf(logical, bytes)).length > 0;
    const changing = [...subvolumes.values()].filter((s) => snapshots.originOf(s.id) === undefined);
    for (const some of readUncommitted(search, changing, committed, wants)) {
      for (const f of some) fresh.push({ ...f, ...sectorsOf(f.run.extent, f.run.extentBytes) });
    }
  }
  const byExtent = new Map<number, FileRun[]>();
  for (const f of fresh) byExtent.set(f.run.extent, [...(byExtent.get(f.run.extent) ?? []), f]);
  const names = createNames({ io, fd, search, subvolumes, snapshots, space: createPathSpace(mount, mounts) });
  let turned = Date.now();
  return {
    task,
    search,
    volume,
    placing,
    files: createExtentFiles({ io, fd, search, subvolumes, snapshots, uncommitted: byExtent }),
    names,
    snapshots,
    treeName: createTreeNames(search, volume.nodeBytes, subvolumes, names.subvolumePath),
    uncommitted: createRunIndex(fresh),
    spotsOf: createSpots(placed, {
      members: new Map(volume.members.map((m) => [m.id, m])),
      device: found.member.id,
      worthOf: task.worthOf ?? (() => 'good'),
    }),
    free: [],
    async turn(done) {
      if (Date.now() - turned >= TURN_MS) {
        task.onProgress({ phase: `asking the trees of ${mount.mountpoint.text}`, done });
        await new Promise<void>((go) => setImmediate(go));
        turned = Date.now();
      }
      return !signal.aborted;
    },
  };
}
