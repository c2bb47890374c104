import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { FsdaxNamespace } from './namespace.ts';
import { program } from './program.ts';

/** The media is bad from now on, and nobody knows: only a scrub will find it. */
export function plantLatentError({ name }: FsdaxNamespace, sector: number, count: number): void {
  program('ndctl', 'inject-error', '--no-notify', `--block=${sector}`, `--count=${count}`, name);
}

export function startScrub(bus: string): void {
  program('ndctl', 'start-scrub', bus);
}

export function waitForScrub(bus: string): void {
  program('ndctl', 'wait-scrub', bus);
}

/** What the kernel says of it: how many have ended, and whether one runs. */
export function scrubState(bus: string): { readonly completed: number; readonly running: boolean } {
  const text = readFileSync(`/sys/bus/nd/devices/${bus}/nfit/scrub`, 'utf8').trim();
  return { completed: Number.parseInt(text, 10), running: text.endsWith('+') };
}

/** Asks for more all the time, so that the one that runs goes on: a request during a scrub is joined with it. */
export function keepScrubbing(bus: string): { stop(): void } {
  const loop = `while :; do echo 1 >/sys/bus/nd/devices/${bus}/nfit/scrub; sleep 0.3; done 2>/dev/null`;
  const child = spawn('sh', ['-c', loop], { stdio: 'ignore' });
  return { stop: () => void child.kill() };
}

export function scrub(bus: string): void {
  startScrub(bus);
  waitForScrub(bus);
}
