import { errnoOf } from '../../model/errors.ts';
import type { Mount } from '../../model/topology.ts';
import type { FilesystemTask } from './resolver.ts';
import { type BytePath, bytePath, bytesOf, isWithin, joinPath } from './visible-path.ts';

/** Where a walk starts: an open directory and its path within the file system. */
export interface WalkStart {
  readonly fd: number;
  readonly internal: BytePath;
}
export interface WalkScope {
  readonly starts: readonly WalkStart[];
  /** why this is not the whole file system; undefined when it is */
  readonly limit: string | undefined;
}

/** Opens where the walk may go: the whole mount, or the configured directories that lie on this file system. */
export function openScope(task: FilesystemTask): WalkScope {
  const { mount, walkRoots, io } = task;
  const mountpoint = bytePath(mount.mountpoint);
  const roots = walkRoots.map((root) =>
    Buffer.from(root)
      .toString('latin1')
      .replace(/(?<=.)\/+$/, ''),
  );
  if (roots.length === 0 || roots.some((root) => isWithin(mountpoint, root))) {
    const internal = bytePath(mount.root);
    const limit = internal === '/' ? undefined : `limited to what is mounted on ${mount.mountpoint.text}`;
    return { starts: [{ fd: io.openPath(bytesOf(mountpoint), 'directory', true), internal }], limit };
  }
  const starts: WalkStart[] = [];
  for (const root of roots) {
    const through = mountHolding(root, task.mounts);
    if (through?.devNumber !== mount.devNumber) continue;
    try {
      const fd = io.openPath(bytesOf(root), 'directory', true);
      const rest = root.slice(bytePath(through.mountpoint).length);
      starts.push({ fd, internal: joinPath(bytePath(through.root), rest) });
    } catch (error) {
      // a root that is not there limits the walk like one that was not named
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return { starts, limit: `limited to ${walkRoots.join(', ')}` };
}

/** The mount that a path leads to: the deepest mountpoint above it, the last one mounted there. */
function mountHolding(path: BytePath, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    if (!isWithin(path, bytePath(mount.mountpoint))) continue;
    const longer = best === undefined || mount.mountpoint.base64.length >= best.mountpoint.base64.length;
    if (longer) best = mount;
  }
  return best;
}
