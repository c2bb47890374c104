import type { Owner } from '../model/owner.ts';
import type { FilesystemOwner, FilesystemTask } from './fs/resolver.ts';
import { lookAtFile } from './look-at-file.ts';
import { type ReadPath, readersGet } from './readers-get.ts';

/** Files whose pages are looked for in the page cache: each costs an open and a mapping. */
const MOST_CACHE_LOOKS = 128;
const LARGEST_CACHE_LOOK = 64 * 1024 * 1024;

/** Adds what is the same for every file system: its type and mountpoint, DAX, and what readers get. */
export function describeOwners(owners: readonly FilesystemOwner[], task: FilesystemTask): Owner[] {
  const { mount } = task;
  const { namespace } = mount;
  const where = {
    fsType: mount.fsType,
    mountpoint: (namespace ?? mount).mountpoint.text,
    ...(namespace === undefined ? {} : { mountNamespace: { pid: namespace.pid } }),
  };
  const look = createFileLook(task);
  return owners.map(({ inodeDevice, ...owner }): Owner => {
    if (owner.inode === undefined || owner.kind === 'metadata') return { ...owner, ...where };
    const path = look(owner, `${inodeDevice ?? ''} ${owner.inode}`);
    const gets = readersGet(owner, path);
    return {
      ...owner,
      ...where,
      ...(path.dax === undefined ? {} : { dax: path.dax }),
      ...(gets === undefined ? {} : { readersGet: gets }),
    };
  });
}

/** Asks each file once whether it is in DAX mode: `dax=always` holds for every file, else the file tells (STATX_ATTR_DAX). */
function createFileLook(task: FilesystemTask): (owner: Owner, key: string) => ReadPath {
  const { device, mount, io } = task;
  const options = [...mount.options, ...mount.superOptions];
  const always = options.includes('dax=always') || options.includes('dax');
  const never = !device.dax || options.includes('dax=never');
  const daxStates = new Map<string, boolean | undefined>();
  const cacheLooks = new Set<string>();

  function isCached(fd: number, { offset, length }: Owner): boolean | undefined {
    if (offset === undefined || length === undefined || length > LARGEST_CACHE_LOOK) return undefined;
    return io.cachedPages(fd, offset, length).every((page) => page === 1);
  }
  return (owner, key) => {
    if (owner.kind === 'directory' || owner.kind === 'symlink') return { dax: false, cached: undefined };
    if (!daxStates.has(key)) {
      daxStates.set(key, never ? false : always ? true : lookAtFile(owner, io, (fd) => io.status(fd).dax));
    }
    const dax = daxStates.get(key);
    if (dax !== false || owner.state === 'unwritten') return { dax, cached: undefined };
    cacheLooks.add(key);
    if (cacheLooks.size > MOST_CACHE_LOOKS) return { dax, cached: undefined };
    return { dax, cached: lookAtFile(owner, io, (fd) => isCached(fd, owner)) };
  };
}
