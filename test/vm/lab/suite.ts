import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from './guest.ts';
import { type KernelSource, kernelSources } from './packages.ts';

/** One file of tests on one kernel, and so one guest. */
export interface TestFile {
  readonly name: string;
  /** from the checkout, as source */
  readonly path: string;
  readonly rig: Rig;
  readonly kernel: KernelSource;
  /** Only tests whose name matches; empty means all. */
  readonly pattern: string;
}

const folder = join(import.meta.dirname, '../tests');

/**
 * The rig is part of the file's name, and so is the kernel where it is not the release's: `restart.qemu.ts`,
 * `odd-filesystems.qemu.backports.ts`, `stack-errors.qemu.each.ts`. `only` is a part of a file's name, else of a test's name.
 */
export function testFiles(only: string | undefined): TestFile[] {
  const all = readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const [, name, rig, on = 'release'] = /^(.*)\.(qemu|nfit|e820)(?:\.(backports|each))?\.ts$/.exec(file) ?? [];
      if (name === undefined || !isRig(rig)) return [];
      const kernels = kernelSources.filter((kernel) => on === 'each' || kernel === on);
      return kernels.map((kernel) => ({
        name: `${name} (${kernel === 'release' ? rig : `${rig}, kernel of ${kernel}`})`,
        path: `test/vm/tests/${file}`,
        rig,
        kernel,
        pattern: '',
      }));
    });
  if (only === undefined) return all;
  const named = all.filter(({ path }) => path.slice('test/vm/tests/'.length).includes(only));
  if (named.length > 0) return named;
  return all.flatMap((file) => {
    const text = readFileSync(join(folder, '../../..', file.path), 'utf8');
    if (!text.includes(only)) return [];
    // A test inside another cannot be run without it, and so not by its own name.
    const outermost = text.split('\n').some((line) => /^\s{0,2}test\(/.test(line) && line.includes(only));
    return [{ ...file, pattern: outermost ? only.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : '' }];
  });
}

/** The counts that node:test ends its report with. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  #reported = false;

  read(line: string): void {
    const [, word, count] = /^ℹ (tests|pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line) ?? [];
    if (word === 'tests') this.#reported = true;
    if (word === 'pass') this.passed += Number(count);
    if (word === 'fail' || word === 'cancelled') this.failed += Number(count);
    if (word === 'skipped' || word === 'todo') this.skipped += Number(count);
  }

  /** A guest that ended without its counts has not shown that anything works. */
  endOfBoot(): void {
    if (!this.#reported) this.failed += 1;
    this.#reported = false;
  }

  add(other: Tally): void {
    this.passed += other.passed;
    this.failed += other.failed;
    this.skipped += other.skipped;
  }

  toString(): string {
    return `${this.passed} passed, ${this.failed} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ''}`;
  }
}

function isRig(text: string | undefined): text is Rig {
  return text === 'qemu' || text === 'nfit' || text === 'e820';
}
