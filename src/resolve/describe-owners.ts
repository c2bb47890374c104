import { errnoOf } from '../model/errors.ts';
import type { OpenBy, Owner } from '../model/owner.ts';
import type { FilesystemTask } from './fs/resolver.ts';
import { type DamagedInode, findOpeners, inodeKey } from './open-by.ts';

/** Adds what is the same for every file system: its type and mountpoint, DAX, and who has the file open. */
export function describeOwners(owners: readonly Owner[], task: FilesystemTask): Owner[] {
  const { mount, io } = task;
  const where = { fsType: mount.fsType, mountpoint: mount.mountpoint.text };
  const { openers } = findOpeners(damagedInodes(owners, mount.devNumber), io);
  const daxStates = new Map<string, boolean | undefined>();
  const daxOf = (owner: Owner, inode: string): boolean | undefined => {
    if (!daxStates.has(inode)) daxStates.set(inode, readDax(owner, task));
    return daxStates.get(inode);
  };
  return owners.map((owner): Owner => {
    if (owner.inode === undefined || owner.kind === 'metadata') return { ...owner, ...where };
    const openBy: readonly OpenBy[] = openers.get(inodeKey(mount.devNumber, owner.inode)) ?? [];
    const dax = daxOf(owner, owner.inode);
    return { ...owner, ...where, ...(dax === undefined ? {} : { dax }), openBy };
  });
}

function damagedInodes(owners: readonly Owner[], devNumber: string): DamagedInode[] {
  const byInode = new Map<string, { offset: number; length: number }[]>();
  for (const { inode, kind, offset, length } of owners) {
    if (inode === undefined || kind === 'metadata' || offset === undefined || length === undefined) continue;
    const ranges = byInode.get(inode) ?? [];
    ranges.push({ offset, length });
    byInode.set(inode, ranges);
  }
  return [...byInode].map(([inode, ranges]) => ({ devNumber, inode, ranges }));
}

/** `dax=always` holds for every file; otherwise the file itself is asked (STATX_ATTR_DAX). */
function readDax({ kind, pathsBase64 }: Owner, { device, mount, io }: FilesystemTask): boolean | undefined {
  if (kind === 'directory' || kind === 'symlink') return false;
  if (!device.dax) return false;
  const options = [...mount.options, ...mount.superOptions];
  if (options.includes('dax=always') || options.includes('dax')) return true;
  if (options.includes('dax=never')) return false;
  const path = pathsBase64?.[0];
  if (path === undefined) return undefined;
  try {
    const fd = io.openPath(Buffer.from(path, 'base64'), 'file');
    try {
      return io.status(fd).dax;
    } finally {
      io.close(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
