import { pathFromBytes } from '../model/path.ts';
import type { Assembly } from '../model/stack.ts';
import type { KernelTree } from '../ports.ts';
import { readAttributes } from './attributes.ts';

/** A loop device's file (drivers/block/loop.c loop_attr_*); undefined when it is not attached to one. */
export async function readLoopBacking(sysfs: KernelTree, name: string): Promise<Assembly | undefined> {
  const path = `block/${name}/loop`;
  const [file, a] = await Promise.all([
    sysfs.read(`${path}/backing_file`),
    readAttributes(sysfs, path, ['offset', 'sizelimit']),
  ]);
  if (file.kind === 'stuck') return { kind: 'unread', reason: 'loop device: backing_file has not answered in time' };
  if (file.kind === 'failed') return undefined;
  const raw = Buffer.from(file.data);
  const filePath = raw.at(-1) === 0x0a ? raw.subarray(0, -1) : raw;
  const offset = a.number('offset');
  const sizeLimit = a.number('sizelimit');
  if (filePath.length === 0) return undefined;
  if (offset === undefined || sizeLimit === undefined) {
    return { kind: 'unread', reason: 'loop device: where it starts in its file is not told' };
  }
  return { kind: 'loop', file: pathFromBytes(filePath), offset, sizeLimit };
}
