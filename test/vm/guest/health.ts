import { join } from 'node:path';
import { program } from './program.ts';

export interface NdctlDimm {
  readonly dev: string;
  readonly id: string;
  readonly health: Readonly<Record<string, unknown>>;
}

/** What ndctl shows of each DIMM of a bus. */
export function listHealth(bus: string): NdctlDimm[] {
  return JSON.parse(program('ndctl', 'list', '-D', '-H', '-b', bus)) as NdctlDimm[];
}

/** One option of `ndctl inject-smart`; the kernel notifies what gets worse, not what is withdrawn. */
export function injectSmart(bus: string, dimm: string, option: string): void {
  program('ndctl', 'inject-smart', '-b', bus, option, dimm);
}

/** What a process with such flags of setpriv(1) gets when it asks a module: what came back, or the errno. */
export function askDimmAs(flags: readonly string[], dimm: string): string {
  return program('setpriv', ...flags, process.execPath, join(import.meta.dirname, 'ask-dimm.js'), dimm).trim();
}
