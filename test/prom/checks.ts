/** Counts checks of which each may fail without ending the rest. */
export interface Checks {
  /** Runs one; undefined when it failed. */
  run<T>(name: string, check: () => T | Promise<T>): Promise<T | undefined>;
  skip(name: string, reason: string): void;
  /** Prints the last line. @returns the exit code */
  finish(): number;
}

export function createChecks(): Checks {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  return {
    async run(name, check) {
      try {
        const value = await check();
        passed++;
        console.log(`ok      ${name}`);
        return value;
      } catch (error) {
        failed++;
        console.log(`FAILED  ${name}\n        ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    },
    skip(name, reason) {
      skipped++;
      console.log(`skipped ${name}: ${reason}`);
    },
    finish() {
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
      return failed === 0 ? 0 : 1;
    },
  };
}
