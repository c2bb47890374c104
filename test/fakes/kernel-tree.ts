import { AgentError } from '../../src/model/errors.ts';
import type { FileRead, KernelTree } from '../../src/ports.ts';

export type TreeNode =
  | { readonly kind: 'file'; readonly data: Uint8Array }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' }
  /** reading it fails with this errno */
  | { readonly kind: 'error'; readonly errno: string }
  /** reading it does not come back until the promise settles */
  | { readonly kind: 'stuck'; readonly released: Promise<void> };

export interface FakeKernelTree extends KernelTree {
  /** Makes or replaces what is at a path, through links, as the kernel would under the same inode. */
  put(path: string, node: TreeNode | string): void;
  /** Takes a path, and all below it, away. */
  remove(path: string): void;
  /** Reads of this path hang from now on; the returned function lets them come back and puts the old content back. */
  hang(path: string): () => void;
  /** How often the file that the path leads to was read. */
  reads(path: string): number;
}

const MAX_LINKS = 40;

/** A kernel tree in memory. Paths have no leading slash; links are followed in every component, as the kernel does. */
export function createKernelTree(entries: Iterable<readonly [string, TreeNode]> = []): FakeKernelTree {
  const nodes = new Map<string, TreeNode>([['', { kind: 'directory' }]]);
  const inodes = new Map<string, string>();
  const readCounts = new Map<string, number>();
  let nextInode = 1000;

  function set(path: string, node: TreeNode): void {
    const parts = path.split('/');
    for (let i = 1; i < parts.length; i++) {
      const parent = parts.slice(0, i).join('/');
      if (!nodes.has(parent)) add(parent, { kind: 'directory' });
    }
    add(path, node);
  }
  function add(path: string, node: TreeNode): void {
    if (!nodes.has(path)) inodes.set(path, String(nextInode++));
    nodes.set(path, node);
  }
  /** The path without links; undefined when a directory on the way is missing, unless it is to be made. */
  function follow(path: string, lastToo: boolean, make = false): string | undefined {
    let links = 0;
    const todo = path.split('/').filter((part) => part !== '' && part !== '.');
    let at: string[] = [];
    while (todo.length > 0) {
      const part = todo.shift() as string;
      if (part === '..') {
        at.pop();
        continue;
      }
      const here = [...at, part].join('/');
      const node = nodes.get(here);
      if (node?.kind === 'link' && (lastToo || todo.length > 0)) {
        if (links++ > MAX_LINKS) return undefined;
        if (node.target.startsWith('/')) at = [];
        todo.unshift(...node.target.split('/').filter((name) => name !== '' && name !== '.'));
        continue;
      }
      if (node === undefined && todo.length > 0 && !make) return undefined;
      at.push(part);
    }
    return at.join('/');
  }
  function failed(errno: string, path: string): FileRead {
    return { kind: 'failed', errno, reason: `${errno}: read ${path}` };
  }
  async function read(path: string, options?: { readonly deadlineMs?: number }): Promise<FileRead> {
    const real = follow(path, true);
    const node = real === undefined ? undefined : nodes.get(real);
    if (real === undefined || node === undefined) return failed('ENOENT', path);
    readCounts.set(real, (readCounts.get(real) ?? 0) + 1);
    switch (node.kind) {
      case 'file':
        return { kind: 'ok', data: node.data };
      case 'error':
        return failed(node.errno, path);
      case 'stuck':
        return { kind: 'stuck', afterMs: options?.deadlineMs ?? 30_000, released: node.released };
      default:
        return failed('EISDIR', path);
    }
  }
  for (const [path, node] of entries) set(path, node);

  return {
    read,
    async readAll(directory, names) {
      return new Map(await Promise.all(names.map(async (name) => [name, await read(`${directory}/${name}`)] as const)));
    },
    async list(directory) {
      const real = follow(directory, true);
      const node = real === undefined ? undefined : nodes.get(real);
      if (real === undefined || node === undefined) return undefined;
      if (node.kind === 'error') throw new AgentError('SYSFS_READ', `${directory}: ${node.errno}`);
      const prefix = real === '' ? '' : `${real}/`;
      const names = new Set<string>();
      for (const path of nodes.keys()) {
        if (path !== '' && path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/')[0] as string);
      }
      return [...names].sort();
    },
    async link(path) {
      const real = follow(path, false);
      const node = real === undefined ? undefined : nodes.get(real);
      return node?.kind === 'link' ? node.target : undefined;
    },
    async inode(path) {
      const real = follow(path, true);
      return real === undefined ? undefined : inodes.get(real);
    },
    put(path, node) {
      const real = follow(path, true, true) ?? path;
      set(real, typeof node === 'string' ? { kind: 'file', data: Buffer.from(node, 'utf8') } : node);
    },
    remove(path) {
      const real = follow(path, false) ?? path;
      for (const name of [...nodes.keys()]) {
        if (name === real || name.startsWith(`${real}/`)) {
          nodes.delete(name);
          inodes.delete(name);
        }
      }
    },
    hang(path) {
      const real = follow(path, true) ?? path;
      const before = nodes.get(real);
      const { promise, resolve } = Promise.withResolvers<void>();
      set(real, { kind: 'stuck', released: promise });
      return () => {
        if (before === undefined) nodes.delete(real);
        else nodes.set(real, before);
        resolve();
      };
    },
    reads: (path) => readCounts.get(follow(path, true) ?? path) ?? 0,
  };
}
