/** `npm run package`: a .deb, an .rpm and a tarball of the agent with the runtime inside; the same sources give the same bytes. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb } from './deb.ts';
import { checkout, makePlan } from './plan.ts';
import { buildRpm } from './rpm.ts';
import { buildTarball } from './tarball.ts';
import { copyTree, layTree } from './tree.ts';

const kinds = ['deb', 'rpm', 'tarball', 'tree'] as const;

const usage = `npm run package -- [OPTION]...
  --arch x64|arm64       for this processor [this host's]
  --only KIND            deb, rpm, tarball or tree, the unpacked files (repeatable) [deb rpm tarball]
  --into FOLDER          where the packages go [dist/packages]
  --package-version V    instead of the version in package.json
  --revision COMMIT      instead of git's
  --quick                compress fast, for a test`;

const { values } = parseArgs({
  options: {
    arch: { type: 'string' },
    only: { type: 'string', multiple: true },
    into: { type: 'string' },
    'package-version': { type: 'string' },
    revision: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function main(): void {
  if (values.help) {
    console.log(usage);
    return;
  }
  const wanted = new Set(values.only ?? ['deb', 'rpm', 'tarball']);
  for (const each of wanted) {
    if (!kinds.some((kind) => kind === each)) throw new Error(`--only is one of ${kinds.join(', ')}, not ${each}`);
  }
  const { arch, revision, quick } = values;
  const plan = makePlan({ arch, revision, quick, version: values['package-version'] });
  const into = values.into ?? join(checkout, 'dist/packages');
  mkdirSync(into, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'pmemwatch-package-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

  const tree = layTree(plan, work);
  if (wanted.has('deb')) tell(buildDeb(plan, tree, work, into));
  if (wanted.has('rpm')) tell(buildRpm(plan, tree, work, into));
  if (wanted.has('tarball')) tell(buildTarball(plan, tree, into));
  if (wanted.has('tree')) copyTree(tree, into);
}

function tell(file: string): void {
  console.log(`${file} ${(statSync(file).size / 1024 ** 2).toFixed(1)} MiB`);
}

main();
