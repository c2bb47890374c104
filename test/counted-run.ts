import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Runs these files, reports as it goes, and ends with one line of counts and the exit code they mean. */
export function runCounted(files: readonly string[], concurrency: number): void {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const events = run({ files, concurrency, timeout: 600_000 });
  events.on('test:pass', ({ nesting, skip, details }) => {
    if (nesting > 0 || details.type === 'suite') return;
    if (skip === undefined || skip === false) counts.passed++;
    else counts.skipped++;
  });
  events.on('test:fail', ({ nesting }) => {
    if (nesting === 0) counts.failed++;
  });
  events.on('end', () => {
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
    process.exitCode = counts.failed === 0 ? 0 : 1;
  });
  events.compose(spec()).pipe(process.stdout, { end: false });
}
