import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe, type Probe } from '../../src/linux/probe/client.ts';
import { childConnector } from '../../src/linux/probe/connect.ts';
import type { ProbeConnector } from '../../src/linux/probe/conversation.ts';
import type { LinuxRoots } from '../../src/linux/probe/spawn.ts';
import type { Logger } from '../../src/ports.ts';

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** A temporary host: small files below `sys` and `proc`, as many as a test needs. */
export interface Host {
  readonly roots: LinuxRoots;
  write(path: string, text: string): void;
  /** an attribute whose open(2) does not return until `release` */
  hang(path: string): { release(): void };
  remove(): void;
}

export function createHost(): Host {
  const root = mkdtempSync(join(tmpdir(), 'pmemwatch-probe-'));
  const roots = { sysfs: join(root, 'sys'), procfs: join(root, 'proc'), rootfs: root, dev: join(root, 'dev') };
  for (const folder of Object.values(roots)) mkdirSync(folder, { recursive: true });
  const place = (path: string) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  return {
    roots,
    write: (path, text) => writeFileSync(place(path), text),
    hang(path) {
      const file = place(path);
      execFileSync('mkfifo', [file]);
      return { release: () => writeFileSync(file, 'late\n') };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Every process that a probe of these tests started. */
export interface CountedProbe extends Probe {
  readonly pids: number[];
}
export function createCountedProbe(host: Host, deadlineMs: number): CountedProbe {
  const pids: number[] = [];
  const start = childConnector(host.roots);
  const connect: ProbeConnector = async () => {
    const connection = await start();
    if (connection.pid !== undefined) pids.push(connection.pid);
    return connection;
  };
  const probe = createProbe({ connect, deadlineMs, clock: createClock(), log: silent });
  return Object.assign(Object.create(probe) as Probe, { pids });
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
export async function until(condition: () => boolean, what: string, ms = 15_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
export function textOf(read: { readonly kind: string; readonly data?: Uint8Array }): string {
  if (read.data === undefined) throw new Error(`not read: ${JSON.stringify(read)}`);
  return Buffer.from(read.data).toString('utf8');
}
