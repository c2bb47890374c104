import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  globSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Plan } from './plan.ts';
import { run } from './run.ts';
import { configFiles, copyTree, type Tree } from './tree.ts';

const scripts = ['postinst', 'prerm', 'postrm'] as const;
/** gcc's release with each version of its C++ library's interface (abi.xml of libstdc++): Debian names the package by it. */
const gccWith: Readonly<Record<string, string>> = {
  '3.4.21': '5.1',
  '3.4.22': '6.1',
  '3.4.23': '7.1',
  '3.4.24': '7.2',
  '3.4.25': '8.1',
  '3.4.26': '9.1', // prettier
  '3.4.28': '9.3',
  '3.4.29': '11.1',
  '3.4.30': '12.1',
  '3.4.31': '13.1',
  '3.4.32': '13.2',
  '3.4.33': '14.1',
};

/** pmemwatch_VERSION_ARCH.deb, unpacked by dpkg of Debian 12 and Ubuntu 18.04 or later (zstd). */
export function buildDeb(plan: Plan, tree: Tree, work: string, into: string): string {
  const root = join(work, 'deb');
  copyTree(tree, root);
  const debian = join(root, 'DEBIAN');
  mkdirSync(debian);
  const files = filesOf(tree.root);
  const sums = files.map((file) => `${md5(join(tree.root, file))}  ${file}\n`);
  writeFileSync(join(debian, 'md5sums'), sums.join(''));
  writeFileSync(join(debian, 'conffiles'), configFiles.map((file) => `${file}\n`).join(''));
  const kibibytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(tree.root, file)).size / 1024), 0);
  writeFileSync(join(debian, 'control'), control(plan, tree, kibibytes));
  for (const script of scripts) copyFileSync(join(import.meta.dirname, 'deb', script), join(debian, script));
  for (const entry of globSync('*', { cwd: debian })) {
    chmodSync(join(debian, entry), scripts.some((script) => script === entry) ? 0o755 : 0o644);
  }
  chmodSync(debian, 0o755);
  lutimesSync(root, plan.epoch, plan.epoch);
  const deb = join(into, `pmemwatch_${plan.version}_${plan.architecture.deb}.deb`);
  run('dpkg-deb', ['--root-owner-group', '-Zzstd', `-z${plan.quick ? 3 : 19}`, '--build', root, deb], {
    env: { SOURCE_DATE_EPOCH: String(plan.epoch) },
  });
  return deb;
}

function control({ version, architecture }: Plan, { needs }: Tree, kibibytes: number): string {
  const gcc = gccWith[needs.glibcxx];
  if (gcc === undefined) throw new Error(`which release of gcc brought GLIBCXX_${needs.glibcxx}? Add it to gccWith`);
  return `Package: pmemwatch
Version: ${version}
Architecture: ${architecture.deb}
Maintainer: ${process.env['PMEMWATCH_PACKAGER'] ?? 'pmemwatch <root@localhost>'}
Installed-Size: ${kibibytes}
Depends: init-system-helpers (>= 1.54), libc6 (>= ${needs.glibc}), libgcc-s1, libstdc++6 (>= ${gcc}), passwd
Recommends: systemd (>= 252)
Suggests: ndctl, prometheus
Section: admin
Priority: optional
Description: watches persistent-memory bad blocks and NVDIMM health
 pmemwatch watches the kernel's bad-block lists and the health of NVDIMMs,
 works out which file, byte range, process and DIMM slot each bad sector
 belongs to, and tells people: Prometheus metrics, an HTTP API, and messages
 to Alertmanager, PagerDuty, Slack or a webhook.
 .
 The Node.js runtime that it needs is part of the package.
`;
}

function filesOf(root: string): string[] {
  return globSync('**', { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
function md5(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
