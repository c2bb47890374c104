import { errnoOf } from '../model/errors.ts';
import type { OpenBy, Owner } from '../model/owner.ts';
import type { FilesystemOwner, FilesystemTask } from './fs/resolver.ts';
import { type DamagedInode, findOpeners, inodeKey } from './open-by.ts';

/** Adds what is the same for every file system: its type and mountpoint, DAX, and who has the file open. */
export function describeOwners(owners: readonly FilesystemOwner[], task: FilesystemTask): Owner[] {
  const { mount, io } = task;
  const where = { fsType: mount.fsType, mountpoint: mount.mountpoint.text };
  const { openers } = findOpeners(damagedInodes(owners, mount.devNumber), io);
  const daxStates = new Map<string, boolean | undefined>();
  const daxOf = (owner: Owner, key: string): boolean | undefined => {
    if (!daxStates.has(key)) daxStates.set(key, readDax(owner, task));
    return daxStates.get(key);
  };
  return owners.map(({ inodeDevice, ...owner }): Owner => {
    if (owner.inode === undefined || owner.kind === 'metadata') return { ...owner, ...where };
    const key = inodeKey(inodeDevice ?? mount.devNumber, owner.inode);
    const openBy: readonly OpenBy[] = openers.get(key) ?? [];
    const dax = daxOf(owner, key);
    return { ...owner, ...where, ...(dax === undefined ? {} : { dax }), openBy };
  });
}

function damagedInodes(owners: readonly FilesystemOwner[], mapsDevNumber: string): DamagedInode[] {
  const found = new Map<string, DamagedInode & { readonly ranges: { offset: number; length: number }[] }>();
  for (const { inode, inodeDevice: devNumber = mapsDevNumber, kind, offset, length } of owners) {
    if (inode === undefined || kind === 'metadata' || offset === undefined || length === undefined) continue;
    const key = inodeKey(devNumber, inode);
    const known = found.get(key);
    if (known === undefined) found.set(key, { devNumber, mapsDevNumber, inode, ranges: [{ offset, length }] });
    else known.ranges.push({ offset, length });
  }
  return [...found.values()];
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
