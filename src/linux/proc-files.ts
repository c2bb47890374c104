import { constants } from 'node:fs';
import { closeFd, getdents, openAbsolute, readFd, readLink, readLinkIn } from './native.ts';

/**
 * Small files and links of procfs: a question about processes looks at thousands, and `node:fs` takes several times as long for
 * each. What a link leads to is another process's: nothing here follows one.
 */
const READ_ONLY = constants.O_RDONLY | 0o2000000;
const SLASH = 0x2f;
const DOT = 0x2e;
/** struct linux_dirent64: length of the record, and its name */
const RECORD_LENGTH = 16;
const RECORD_NAME = 19;

const linkScratch = Buffer.alloc(4096);
const listing = Buffer.alloc(32 * 1024);
const fileScratch = Buffer.alloc(64 * 1024);

/** Undefined where it leads nowhere. */
export function tryReadLink(path: string): Uint8Array | undefined {
  const length = readLink(path, linkScratch);
  return length === undefined ? undefined : copyOf(linkScratch, length);
}

/**
 * Tells each link of a directory that says a path, but those that are gone: they are of processes that end any moment. Returns how
 * many links there are. @throws EACCES: what is not for us is so with all of them
 */
export function visitPathLinks(path: string, tell: (name: string, target: Uint8Array) => void): number {
  const directory = openAbsolute(path, READ_ONLY | constants.O_DIRECTORY);
  let count = 0;
  try {
    for (let length = getdents(directory, listing); length > 0; length = getdents(directory, listing)) {
      for (let at = 0; at < length; at += listing.readUInt16LE(at + RECORD_LENGTH)) {
        const name = at + RECORD_NAME;
        if (listing[name] === DOT) continue;
        count++;
        const told = readLinkIn(directory, listing, name, linkScratch);
        if (told === undefined || told === 0 || linkScratch[0] !== SLASH) continue;
        tell(listing.toString('latin1', name, listing.indexOf(0, name)), copyOf(linkScratch, told));
      }
    }
    return count;
  } finally {
    closeFd(directory);
  }
}

/** A whole file that tells no size and never waits. */
export function readSmallFile(path: string): Uint8Array {
  const fd = openAbsolute(path, READ_ONLY);
  const parts: Uint8Array[] = [];
  try {
    for (let length = readFd(fd, fileScratch); length > 0; length = readFd(fd, fileScratch)) {
      parts.push(copyOf(fileScratch, length));
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  } finally {
    closeFd(fd);
  }
}

function copyOf(scratch: Uint8Array, length: number): Uint8Array {
  return Uint8Array.prototype.slice.call(scratch, 0, length);
}
