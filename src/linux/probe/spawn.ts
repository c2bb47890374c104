/** Starts a probe process. Imports next to nothing: the supervising parent is made of this. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { jobFlags, nodeFlags } from '../node-flags.ts';

export interface LinuxRoots {
  /** `/sys` */
  readonly sysfs: string;
  /** `/proc` */
  readonly procfs: string;
  /** `/` */
  readonly rootfs: string;
  /** `/dev` */
  readonly dev: string;
}

/** Readings take next to no memory and time, for ever; a job takes both, and is over soon. */
export type ProbePurpose = 'readings' | 'jobs';

/** Workers for calls that block; see reader.ts for how many are used. A job has few such calls, and each idle worker is woken for one. */
const WORKERS: Readonly<Record<ProbePurpose, string>> = { readings: '16', jobs: '4' };

/** The same kind of file as this one: `.ts` in a checkout, `.js` in the shipped package. */
function probeEntry(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../probe.${extension}`, import.meta.url));
}

/**
 * One stream at file descriptor 3 is all it shares with us. In a session of its own, so that a signal of the terminal
 * or an abandoned one never involves us; with no environment but what it needs.
 * @throws what spawn throws
 */
export async function spawnProbe(
  roots: LinuxRoots,
  purpose: ProbePurpose,
): Promise<{ readonly process: ChildProcess; readonly socket: Socket }> {
  const args = [
    ...(purpose === 'jobs' ? jobFlags : nodeFlags),
    probeEntry(),
    '--fd=3',
    `--path.sysfs=${roots.sysfs}`,
    `--path.procfs=${roots.procfs}`,
    `--path.rootfs=${roots.rootfs}`,
    `--path.dev=${roots.dev}`,
  ];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    // glibc gives each worker a heap of its own otherwise, and seldom anything back
    env: { UV_THREADPOOL_SIZE: WORKERS[purpose], MALLOC_ARENA_MAX: '2' },
    cwd: '/',
  });
  await new Promise<void>((done, fail) => {
    child.once('spawn', done);
    child.once('error', fail);
  });
  child.on('error', () => undefined);
  child.unref();
  return { process: child, socket: child.stdio[3] as Socket };
}
