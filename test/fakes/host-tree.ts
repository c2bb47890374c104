import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { createKernelTree, type FakeKernelTree, type TreeNode } from './kernel-tree.ts';

/** `.host` files describe what a host shows under /sys and /proc; the format is told in test/fixtures/hosts/README.md. */
export interface HostTree {
  readonly sysfs: FakeKernelTree;
  readonly procfs: FakeKernelTree;
}

/** Path of a scenario in test/fixtures/hosts. */
export function hostFile(scenario: string): string {
  return join(import.meta.dirname, '..', 'fixtures', 'hosts', `${scenario}.host`);
}

export function loadHost(scenario: string): HostTree {
  return createHostTree(readFileSync(hostFile(scenario), 'utf8'));
}

export function createHostTree(text: string): HostTree {
  const below = (root: string): [string, TreeNode][] =>
    [...parseHost(text)]
      .filter(([path]) => path.startsWith(root))
      .map(([path, node]) => [path.slice(root.length), node]);
  return { sysfs: createKernelTree(below('sys/')), procfs: createKernelTree(below('proc/')) };
}

/**
 * Lays the host out as real files: `<dir>/sys`, `<dir>/proc`. What cannot be read is made so as far as an ordinary file
 * can: `! EISDIR` becomes a directory, `! STUCK` a FIFO nobody writes to (reading it hangs), any other errno mode 000,
 * which root reads all the same as an empty file; the returned list names those paths.
 */
export function materialiseHost(
  file: string,
  dir: string,
): { readonly sysfs: string; readonly procfs: string; readonly unreadable: string[] } {
  const unreadable: string[] = [];
  for (const [path, node] of parseHost(readFileSync(file, 'utf8'))) {
    const full = join(dir, path);
    mkdirSync(dirname(full), { recursive: true });
    switch (node.kind) {
      case 'file':
        writeFileSync(full, node.data);
        break;
      case 'link':
        symlinkSync(node.target, full);
        break;
      case 'directory':
        mkdirSync(full, { recursive: true });
        break;
      case 'stuck':
        if (spawnSync('mkfifo', [full]).status !== 0) throw new Error(`mkfifo ${full} failed`);
        break;
      case 'error':
        if (node.errno === 'EISDIR') mkdirSync(full);
        else {
          writeFileSync(full, '');
          chmodSync(full, 0);
          unreadable.push(full);
        }
        break;
      default:
        node satisfies never;
    }
  }
  for (const root of ['sys', 'proc']) mkdirSync(join(dir, root), { recursive: true });
  return { sysfs: join(dir, 'sys'), procfs: join(dir, 'proc'), unreadable };
}

/** @throws Error naming the line that does not follow the format */
export function parseHost(text: string): Map<string, TreeNode> {
  const nodes = new Map<string, TreeNode>();
  const links = new Map<string, string>();
  let section = 'sys';
  let kind = '';
  const lines = text.split('\n');
  const put = (path: string, node: TreeNode, line: number): void => {
    if (nodes.has(path)) throw new Error(`line ${line}: ${path} is given twice`);
    nodes.set(path, node);
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.trim() === '' || line.startsWith('#')) continue;
    const heading = /^@(nd|disk|partition|) (\S.*)$/.exec(line);
    if (heading !== null) {
      kind = heading[1] as string;
      section = rooted(heading[2] as string);
      if (!nodes.has(section)) nodes.set(section, { kind: 'directory' });
      const name = posix.basename(section);
      if (kind === 'nd') links.set(`sys/bus/nd/devices/${name}`, section);
      if (kind === 'disk') links.set(`sys/block/${name}`, section);
      if (kind === 'disk' || kind === 'partition') links.set(`sys/class/block/${name}`, section);
      continue;
    }
    const entry = /^(\S+?)(?:\/|\s+(=|:=|x=|\*=|->|!|<<)(?: (.*))?)$/.exec(line);
    if (entry === null) throw new Error(`line ${i + 1}: not an entry: ${line}`);
    const path = posix.join(section, entry[1] as string);
    const value = entry[3] ?? '';
    if (entry[2] === '<<') {
      const start = i + 1;
      while (lines[++i] !== '.') if (i >= lines.length) throw new Error(`line ${start}: text without its closing dot`);
      put(
        path,
        file(
          lines
            .slice(start, i)
            .map((l) => `${l}\n`)
            .join(''),
        ),
        start,
      );
      continue;
    }
    put(path, nodeOf(entry[2], value), i + 1);
    if (entry[1] === 'dev' && (kind === 'disk' || kind === 'partition')) links.set(`sys/dev/block/${value}`, section);
  }
  for (const [path, target] of links)
    nodes.set(path, { kind: 'link', target: posix.relative(posix.dirname(path), target) });
  return nodes;
}

function rooted(path: string): string {
  return path.startsWith('/') ? path.slice(1) : `sys/${path}`;
}
function file(text: string): TreeNode {
  return { kind: 'file', data: Buffer.from(unescaped(text), 'latin1') };
}
/** Escapes are bytes; other text is UTF-8. */
function unescaped(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/\\(n|t|\\|x[0-9a-f]{2})/g, (_, code: string) => {
      if (code === 'n') return '\n';
      if (code === 't') return '\t';
      return code === '\\' ? '\\' : String.fromCharCode(Number.parseInt(code.slice(1), 16));
    });
}
function nodeOf(operator: string | undefined, value: string): TreeNode {
  switch (operator) {
    case undefined:
      return { kind: 'directory' };
    case '=':
      return file(`${value}\n`);
    case ':=':
      return file(value);
    case 'x=':
      return { kind: 'file', data: Buffer.from(value.replaceAll(' ', ''), 'hex') };
    case '*=':
      return { kind: 'file', data: generatedList(value) };
    case '->':
      return { kind: 'link', target: value };
    case '!':
      return value === 'STUCK'
        ? { kind: 'stuck', released: Promise.withResolvers<void>().promise }
        : { kind: 'error', errno: value };
    default:
      throw new Error(`no such operator: ${operator}`);
  }
}
/** `512 x 1000000+4 1 cut 4095`: 512 entries of one sector from 1000000 in steps of 4, cut at 4095 bytes. */
function generatedList(value: string): Uint8Array {
  const parts = /^(\d+) x (\d+)\+(\d+) (\d+)(?: cut (\d+))?$/.exec(value);
  if (parts === null) throw new Error(`not a generated list: ${value}`);
  const [entries, first, step, length] = parts.slice(1, 5).map(Number) as [number, number, number, number];
  const all = Array.from({ length: entries }, (_, k) => `${first + k * step} ${length}\n`).join('');
  return Buffer.from(parts[5] === undefined ? all : all.slice(0, Number(parts[5])), 'latin1');
}
