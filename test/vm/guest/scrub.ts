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

export function scrub(bus: string): void {
  startScrub(bus);
  waitForScrub(bus);
}
