import { join } from 'node:path';
import { program } from './program.ts';

export interface NdctlDimm {
  readonly dev: string;
  readonly id: string;
  /** absent for one that offers no health data */
  readonly health?: Readonly<Record<string, unknown>>;
  /** `flag_failed_map` and others, only those that are set; `security` and others */
  readonly [fact: string]: unknown;
}

/** What ndctl shows of each DIMM of every bus, also of those without a driver. */
export function listHealth(): NdctlDimm[] {
  return JSON.parse(program('ndctl', 'list', '-D', '-H', '-i')) as NdctlDimm[];
}

/** One option of `ndctl inject-smart`; the kernel notifies what gets worse, not what is withdrawn. */
export function injectSmart(bus: string, dimm: string, option: string): void {
  program('ndctl', 'inject-smart', '-b', bus, option, dimm);
}

/** What a process with such flags of setpriv(1) gets when it asks a module: what came back, or the errno. */
export function askDimmAs(flags: readonly string[], dimm: string): string {
  return program('setpriv', ...flags, process.execPath, join(import.meta.dirname, 'ask-dimm.js'), dimm).trim();
}
