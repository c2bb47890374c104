import { pathFromBytes } from '../model/path.ts';
import type { Mount } from '../model/topology.ts';
import type { KernelTree } from '../ports.ts';
import type { Problems } from './look.ts';

/**
 * `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5), fs/proc_namespace.c show_mountinfo): id, parent, major:minor, root, mount
 * point, options, any number of optional fields, `-`, type, source, super options. Paths are bytes in which space, tab,
 * newline, `#` and backslash are octal escapes. A line of another shape is left out and counted.
 */
export function parseMountinfo(data: Uint8Array): { readonly mounts: readonly Mount[]; readonly skipped: number } {
  const mounts: Mount[] = [];
  let skipped = 0;
  // latin1 keeps each byte as one character, whatever encoding a path is in
  for (const line of Buffer.from(data).toString('latin1').split('\n')) {
    if (line === '') continue;
    const mount = parseLine(line);
    if (mount === undefined) skipped++;
    else mounts.push(mount);
  }
  return { mounts, skipped };
}

function parseLine(line: string): Mount | undefined {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const [id, parentId, devNumber, root, mountpoint, options] = fields;
  if (dash === -1 || fields.length < dash + 3 || !/^\d+:\d+$/.test(devNumber ?? '')) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    devNumber: devNumber as string,
    root: pathFromBytes(unescapeOctal(root as string)),
    mountpoint: pathFromBytes(unescapeOctal(mountpoint as string)),
    fsType: fields[dash + 1] as string,
    source: pathFromBytes(unescapeOctal(fields[dash + 2] as string)),
    options: (options as string).split(','),
    superOptions: (fields[dash + 3] ?? '').split(',').filter((option) => option !== ''),
  };
}

function unescapeOctal(field: string): Uint8Array {
  return Buffer.from(
    field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8) & 0xff)),
    'latin1',
  );
}

/** On a block device: its own number (major 0 is anonymous: btrfs, overlay, tmpfs) or a source under /dev. */
export function isOnBlockDevice(mount: Mount): boolean {
  return !mount.devNumber.startsWith('0:') || mount.source.text.startsWith('/dev/');
}

/** Those of block devices among all mounts. */
export async function readMounts(procfs: KernelTree, problems: Problems): Promise<readonly Mount[]> {
  return (await readAllMounts(procfs, problems)).filter(isOnBlockDevice);
}

/** Mounts as the host's init sees them; our own view, where that may not be read, can lack some and is said to. */
export async function readAllMounts(procfs: KernelTree, problems: Problems): Promise<readonly Mount[]> {
  for (const process of ['1', 'self']) {
    const path = `${process}/mountinfo`;
    const file = await procfs.read(path);
    if (file.kind === 'ok') {
      const { mounts, skipped } = parseMountinfo(file.data);
      if (skipped > 0) problems.add(path, `${skipped} lines are not understood and left out`);
      return mounts;
    }
    const why = file.kind === 'stuck' ? 'it has not answered in time' : file.reason;
    problems.add(
      path,
      process === '1'
        ? `cannot be read (${why}): mounts are those that this process sees, which in a container are not all`
        : `cannot be read (${why}): no mount is known`,
    );
  }
  return [];
}
