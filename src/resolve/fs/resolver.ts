import type { Run } from '../../model/extent.ts';
import type { OwnerDraft } from '../../model/owner.ts';
import type { BlockDevice, Mount } from '../../model/topology.ts';
import type { FilesystemIo, ResolveProgress } from '../../ports.ts';

/** One question to one mounted file system. */
export interface FilesystemTask {
  /** the block device that the file system is on; `wanted` counts its sectors */
  readonly device: BlockDevice;
  readonly wanted: readonly Run[];
  /** the mount to look through: the whole file system where there is such a mount */
  readonly mount: Mount;
  /** every mount of the host: paths may be reached through another, or lie hidden beneath one */
  readonly mounts: readonly Mount[];
  /** absolute directories that a walk is limited to; empty = everything */
  readonly walkRoots: readonly string[];
  readonly io: FilesystemIo;
  /** what sectors of another device, named by its path, are worth as a copy: whether any list names them as bad */
  readonly worthOf?: (path: string, where: Run) => 'good' | 'bad' | 'unknown';
  readonly onProgress: (progress: ResolveProgress) => void;
  readonly signal: AbortSignal;
}

/** Whether all of the file system could be looked at; if not, why. */
export type Coverage = ({ readonly complete: true } | { readonly complete: false; readonly reason: string }) & {
  /** device numbers that files show (stat) where it is not that of the mount, by `subvolume` of their owner (btrfs) */
  readonly statDevices?: ReadonlyMap<string, string>;
};

/** Why the rest is not known when a task's signal ended it. */
export const PAST_DEADLINE = 'the deadline passed before all of it was looked at';

/**
 * Owners on the file system's device, each an object of its own: `fsType`, `mountpoint`, `dax`, `openBy` and so on are added to it by
 * the caller.
 */
export type FilesystemOwner = OwnerDraft;

/**
 * How one kind of file system is asked. One pass answers any number of ranges. Every sector asked for comes back
 * owned, several times where storage is shared; what cannot be placed is `unknown` with a reason. Failing as a whole
 * throws; the caller then walks instead.
 */
export interface FilesystemResolver {
  readonly name: string;
  readonly fsTypes: readonly string[];
  /** Owners come many at a time: a promise for each costs more than to find it. */
  resolve(task: FilesystemTask): AsyncGenerator<readonly FilesystemOwner[], Coverage, void>;
}

/** Lets the event loop turn, so that a cancel can arrive and progress can leave. @throws the signal's reason */
export async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise<void>((done) => setImmediate(done));
  signal.throwIfAborted();
}
