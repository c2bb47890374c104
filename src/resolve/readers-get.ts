import type { Owner, ReadersGet } from '../model/owner.ts';

/** What is known of how a file's bytes are read. */
export interface ReadPath {
  /** whether programs reach the memory itself (DAX); undefined when the kernel does not tell */
  readonly dax: boolean | undefined;
  /** whether the page cache holds all of the damaged pages; undefined when it was not looked at or does not tell */
  readonly cached: boolean | undefined;
}

/**
 * What programs get from the damaged bytes (kernel-abi section 10). With DAX: read(2) fails with EIO and a load raises
 * SIGBUS (fs/dax.c dax_iomap_iter, dax_fault_return). Without: the page cache answers as long as it holds the page; what
 * it must read anew fails the same way (mm/filemap.c filemap_fault). Undefined for what programs do not read as bytes.
 */
export function readersGet(owner: Owner, { dax, cached }: ReadPath): ReadersGet | undefined {
  if (owner.kind === 'raw') return owner.metadata === 'device-dax' ? daxDevice : maybeLost;
  if (owner.kind !== 'file' && owner.kind !== 'deleted') return undefined;
  if (owner.state === 'unwritten') return neverWritten;
  if (dax === true) return lost;
  if (cached === true) return inPageCache;
  return cached === false ? lost : maybeLost;
}

/** It has no read(2). */
const daxDevice: ReadersGet = { read: 'unsupported', mapped: 'SIGBUS', from: null, why: null };
const lost: ReadersGet = { read: 'EIO', mapped: 'SIGBUS', from: null, why: null };
const maybeLost: ReadersGet = { ...lost, why: 'unless the page cache still holds the page' };
const neverWritten: ReadersGet = { read: 'zeros', mapped: 'zeros', from: null, why: 'nothing was ever written there' };
const inPageCache = served('page cache', 'the page cache, until it lets go of the page');
function served(from: NonNullable<ReadersGet['from']>, why: string): ReadersGet {
  return { read: 'data', mapped: 'data', from, why };
}

/** A layer below that keeps a second copy answers from it; nothing below is asked when the page cache has the page. */
export function withGoodCopy(gets: ReadersGet, copy: Owner['goodCopy']): ReadersGet {
  if (copy?.exists !== 'yes' || gets.read !== 'EIO') return gets;
  return served('good copy', copy.where ?? 'another good copy');
}
