import type { Owner, OwnerDraft } from '../model/owner.ts';
import type { FilesystemOwner, FilesystemTask } from './fs/resolver.ts';
import { lookAtFile } from './look-at-file.ts';
import { type ReadPath, readersGet } from './readers-get.ts';

/** Files whose pages are looked for in the page cache: each costs an open and a mapping. */
const MOST_CACHE_LOOKS = 128;
const LARGEST_CACHE_LOOK = 64 * 1024 * 1024;

/** Adds what is the same for every file system: its type and mountpoint, DAX, and what readers get. */
export function describeOwners(owners: readonly FilesystemOwner[], task: FilesystemTask): OwnerDraft[] {
  const { mount } = task;
  const { namespace, fsType } = mount;
  const mountpoint = (namespace ?? mount).mountpoint.text;
  const mountNamespace = namespace === undefined ? undefined : { pid: namespace.pid };
  const look = createFileLook(task);
  return owners.map((told): OwnerDraft => {
    const { inodeDevice, ...rest } = told.inodeDevice === undefined ? { inodeDevice: undefined } : told;
    const owner: OwnerDraft = inodeDevice === undefined ? told : (rest as OwnerDraft);
    owner.fsType = fsType;
    owner.mountpoint = mountpoint;
    if (mountNamespace !== undefined) owner.mountNamespace = mountNamespace;
    if (owner.inode === undefined || owner.kind === 'metadata') return owner;
    const path = look(owner, inodeDevice);
    const gets = readersGet(owner, path);
    if (path.dax !== undefined) owner.dax = path.dax;
    if (gets !== undefined) owner.readersGet = gets;
    return owner;
  });
}

const NOT_BYTES: ReadPath = { dax: false, cached: undefined };
const NOT_LOOKED_AT: ReadPath = { dax: false, cached: undefined };

/** Asks each file once whether it is in DAX mode: `dax=always` holds for every file, else the file tells (STATX_ATTR_DAX). */
function createFileLook(task: FilesystemTask): (owner: Owner, inodeDevice: string | undefined) => ReadPath {
  const { device, mount, io } = task;
  const options = [...mount.options, ...mount.superOptions];
  const always = options.includes('dax=always') || options.includes('dax');
  const never = !device.dax || options.includes('dax=never');
  const daxStates = new Map<string, boolean | undefined>();
  const cacheLooks = new Set<string>();

  const daxOf = (owner: Owner, key: string): boolean | undefined => {
    if (!daxStates.has(key)) {
      daxStates.set(key, always ? true : lookAtFile(owner, io, (fd) => io.status(fd).dax));
    }
    return daxStates.get(key);
  };
  function isCached(fd: number, { offset, length }: Owner): boolean | undefined {
    if (offset === undefined || length === undefined || length > LARGEST_CACHE_LOOK) return undefined;
    return io.cachedPages(fd, offset, length).every((page) => page === 1);
  }
  return (owner, inodeDevice) => {
    if (owner.kind === 'directory' || owner.kind === 'symlink') return NOT_BYTES;
    const looksLeft = cacheLooks.size < MOST_CACHE_LOOKS;
    if (never && !looksLeft) return NOT_LOOKED_AT;
    const key = `${inodeDevice ?? ''} ${owner.inode}`;
    const dax = never ? false : daxOf(owner, key);
    if (dax !== false) return { dax, cached: undefined };
    if (owner.state === 'unwritten' || !(looksLeft || cacheLooks.has(key))) return NOT_LOOKED_AT;
    cacheLooks.add(key);
    return { dax, cached: lookAtFile(owner, io, (fd) => isCached(fd, owner)) };
  };
}
