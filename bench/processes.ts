import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process and everything below it, in bytes. PSS divides shared pages among those who map them. */
export function memoryOfTree(pid: number): { pssBytes: number; rssBytes: number; processes: number } {
  return memoryOf([pid, ...descendants(pid)]);
}
export function memoryOf(pids: readonly number[]): { pssBytes: number; rssBytes: number; processes: number } {
  let pssBytes = 0;
  let rssBytes = 0;
  for (const each of pids) {
    const rollup = readFileSync(`/proc/${each}/smaps_rollup`, 'utf8');
    pssBytes += kibibytes(rollup, 'Pss');
    rssBytes += kibibytes(rollup, 'Rss');
  }
  return { pssBytes, rssBytes, processes: pids.length };
}
function kibibytes(rollup: string, field: string): number {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1];
  if (value === undefined) throw new Error(`smaps_rollup has no ${field}`);
  return Number(value) * 1024;
}
export function descendants(pid: number): number[] {
  const children: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === pid) children.push(Number(entry));
    } catch {
      // it ended while we looked
    }
  }
  return [...children, ...children.flatMap(descendants)];
}

export function start(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...environment } });
}
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Waits until `url` answers 200. @throws after `timeoutMs` */
export async function untilReady(url: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await fetch(url);
      await answer.arrayBuffer();
      if (answer.ok) return;
    } catch {
      // not listening yet
    }
    if (Date.now() > deadline) throw new Error(`${url} was not ready within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
/** Waits until no process below this one has come or gone for `quietMs`. @throws after `timeoutMs` */
export async function untilQuiet(pid: number, quietMs: number, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let before = '';
  let since = Date.now();
  while (Date.now() - since < quietMs) {
    const now = descendants(pid).sort().join(' ');
    if (now !== before) since = Date.now();
    before = now;
    if (Date.now() > deadline) throw new Error(`process ${pid} was not quiet within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no values');
  return middle;
}
