import { quietly } from '../model/errors.ts';
import { clip, type Run, run, subtract } from '../model/extent.ts';
import type { Owner } from '../model/owner.ts';
import { bytes, bytesFromSectors, sectorsCovering, wholeSectors } from '../model/units.ts';
import { FIEMAP, isPlaced } from './fs/fiemap.ts';
import { createExtentReader } from './fs/file-extents.ts';
import type { FilesystemTask } from './fs/resolver.ts';
import { deletedName } from './open-by.ts';

const S_IFMT = 0xf000;
const S_IFREG = 0x8000;

/**
 * Owners of sectors that no name leads to: deleted files that a process still has open, asked where they lie through
 * <procfs>/PID/fd. For file systems that are walked; those that are read by their own ways find such inodes themselves.
 * Files that are only mapped any more are not met.
 */
export function findDeletedFiles({ io, mount, device, signal }: FilesystemTask, left: readonly Run[]): Owner[] {
  const found: Owner[] = [];
  const seen = new Set<string>();
  const reader = createExtentReader(io);
  const look = (path: string): void => {
    const status = io.statusProc(path);
    if (status.devNumber !== mount.devNumber || status.linkCount > 0 || (status.mode & S_IFMT) !== S_IFREG) return;
    if (seen.has(status.inode)) return;
    seen.add(status.inode);
    const fd = io.openProc(path, 'file');
    try {
      for (const e of reader.read(fd)) {
        if (!isPlaced(e)) continue;
        const place = run(wholeSectors(e.physical), sectorsCovering(e.physical, e.length));
        for (const r of left) {
          const where = clip(place, r);
          if (where === undefined) continue;
          const offset = e.logical + bytesFromSectors(where.start) - e.physical;
          const state = (e.flags & FIEMAP.UNWRITTEN) !== 0 ? 'unwritten' : 'data';
          const length = bytes(bytesFromSectors(where.count));
          const what = { inode: status.inode, linkCount: 0, offset, length, state } as const;
          found.push({ kind: 'deleted', device: device.name, ...where, ...what });
        }
      }
    } finally {
      io.close(fd);
    }
  };
  for (const pid of quietly(() => io.listProc('')) ?? []) {
    if (signal.aborted) break;
    if (!/^\d+$/.test(pid)) continue;
    for (const { name, target } of quietly(() => io.linksProc(`${pid}/fd`))?.paths ?? []) {
      if (deletedName(target) !== undefined) quietly(() => look(`${pid}/fd/${name}`));
    }
  }
  return found;
}

/** The owners of a walk, with deleted files in place of what it found in no file. */
export function withDeletedFiles(owners: readonly Owner[], task: FilesystemTask): Owner[] {
  const unknown = owners.filter((o) => o.kind === 'unknown');
  const deleted = unknown.length === 0 ? [] : findDeletedFiles(task, unknown);
  if (deleted.length === 0) return [...owners];
  const rest = owners.flatMap((o) =>
    o.kind === 'unknown' ? subtract([o], deleted).map((r) => ({ ...o, ...r })) : [o],
  );
  return [...rest, ...deleted];
}
