import { spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCounted } from '../counted-run.ts';
import { checkout, obstacle, versions } from './lab.ts';

/** `npm run test:package`: the packages are built, installed into clean systems, upgraded and removed. `-- deb` runs `deb.package.ts` alone. */
const only = process.argv[2] ?? '';
const files = globSync(`*${only}*.package.ts`, { cwd: import.meta.dirname })
  .sort()
  .map((file) => join(import.meta.dirname, file));
const work = mkdtempSync(join(tmpdir(), 'pmemwatch-packages-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

function build(which: string, version: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const into = join(work, which);
  mkdirSync(into);
  const args = [join(checkout, 'deploy/package/package.ts'), '--quick', '--into', into, '--package-version', version];
  const env = { ...process.env, PMEMWATCH_PACKAGER: 'Storage Team <storage@pmemwatch.example>', ...environment };
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`building ${which} ended with ${code}`))));
  });
}

const why = obstacle();
if (why !== undefined) {
  console.log(`nothing can be tested here: ${why}`);
  console.log(`0 passed, 0 failed, ${files.length} skipped`);
} else {
  // the second one elsewhere, at another time of the day and with other habits
  const elsewhere = { TMPDIR: join(work, 'a folder elsewhere'), TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' };
  mkdirSync(elsewhere.TMPDIR);
  await Promise.all([build('first', versions.first, {}), build('again', versions.first, elsewhere)]);
  await build('next', versions.next, {});
  process.env['PMEMWATCH_PACKAGES'] = work;
  runCounted(files, 1);
}
