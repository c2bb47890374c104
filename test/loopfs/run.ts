import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { obstacle } from './lab.ts';

/** `npm run test:loopfs`: real file systems on loop devices. Ends with one line of counts and the exit code they mean. */
const files = globSync('*.loopfs.ts', { cwd: import.meta.dirname })
  .sort()
  .map((f) => join(import.meta.dirname, f));
const why = obstacle();
if (why !== undefined) console.log(`nothing can be tested here: ${why}`);
const counts = { passed: 0, failed: 0, skipped: 0 };
// one at a time: they share the machine's loop devices
const events = run({ files, concurrency: 1, timeout: 600_000 });
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
