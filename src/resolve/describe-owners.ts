import { fileIdentity, type Owner, type OwnerDraft } from '../model/owner.ts';
import type { FilesystemTask } from './fs/resolver.ts';
import { lookAtFile } from './look-at-file.ts';
import { type ReadPath, readersGet } from './readers-get.ts';

/** Files whose pages are looked for in the page cache: each costs an open and a mapping. */
const MOST_CACHE_LOOKS = 128;
const LARGEST_CACHE_LOOK = 64 * 1024 * 1024;

/** Adds what is the same for every file system: its type and mountpoint, DAX, and what readers get. */
export function describeOwners(owners: readonly OwnerDraft[], task: FilesystemTask): void {
  const { mount } = task;
  const { namespace, fsType } = mount;
  const mountpoint = (namespace ?? mount).mountpoint.text;
  const mountNamespace = namespace === undefined ? undefined : { pid: namespace.pid };
  const look = createFileLook(task);
  for (const owner of owners) {
    owner.fsType = fsType;
    owner.mountpoint = mountpoint;
    if (mountNamespace !== undefined) owner.mountNamespace = mountNamespace;
    if (owner.inode === undefined || owner.kind === 'metadata') continue;
    const path = look(owner);
    const gets = readersGet(owner, path);
    if (path.dax !== undefined) owner.dax = path.dax;
    if (gets !== undefined) owner.readersGet = gets;
  }
}

const NOT_BYTES: ReadPath = { dax: false, cached: undefined };
const NOT_LOOKED_AT: ReadPath = { dax: false, cached: undefined };

/** Asks each file once whether it is in DAX mode: `dax=always` holds for every file, else the file tells (STATX_ATTR_DAX). */
function createFileLook(task: FilesystemTask): (owner: Owner) => ReadPath {
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
  return (owner) => {
    if (owner.kind === 'directory' || owner.kind === 'symlink') return NOT_BYTES;
    const looksLeft = cacheLooks.size < MOST_CACHE_LOOKS;
    if (never && !looksLeft) return NOT_LOOKED_AT;
    const key = fileIdentity(owner);
    const dax = never ? false : daxOf(owner, key);
    if (dax !== false) return { dax, cached: undefined };
    if (owner.state === 'unwritten' || !(looksLeft || cacheLooks.has(key))) return NOT_LOOKED_AT;
    cacheLooks.add(key);
    return { dax, cached: lookAtFile(owner, io, (fd) => isCached(fd, owner)) };
  };
}
