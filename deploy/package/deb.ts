import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
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
  '3.4.26': '9.1',
  '3.4.28': '9.3',
  '3.4.29': '11.1',
  '3.4.30': '12.1',
};

/** pmemwatch_VERSION_ARCH.deb, unpacked by dpkg of Debian 12 and Ubuntu 18.04 or later (zstd). */
export function buildDeb(plan: Plan, tree: Tree, work: string, into: string): string {
  const root = join(work, 'deb');
  copyTree(tree, root);
  layForDebian(plan, root);
  const debian = join(root, 'DEBIAN');
  mkdirSync(debian);
  const files = filesOf(root);
  const sums = files.map((file) => `${md5(join(root, file))}  ${file}\n`);
  writeFileSync(join(debian, 'md5sums'), sums.join(''));
  writeFileSync(join(debian, 'conffiles'), configFiles.map((file) => `${file}\n`).join(''));
  const kibibytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(root, file)).size / 1024), 0);
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

/** What Debian wants in each package: a change log in its own format, what its checker is to pass over, zsh's functions elsewhere. */
function layForDebian({ version, packager, epoch }: Plan, root: string): void {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  const log = `pmemwatch (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${packager}  ${date}\n`;
  const overrides = readFileSync(join(import.meta.dirname, 'deb/lintian-overrides'));
  const added = {
    'usr/share/doc/pmemwatch/changelog.gz': gzipSync(log, { level: 9 }),
    'usr/share/lintian/overrides/pmemwatch': overrides,
  };
  for (const [name, content] of Object.entries(added)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, 0o644);
  }
  const zsh = join(root, 'usr/share/zsh');
  if (existsSync(zsh)) renameSync(join(zsh, 'site-functions'), join(zsh, 'vendor-completions'));
}

function control({ version, architecture, packager }: Plan, { needs }: Tree, kibibytes: number): string {
  const gcc = gccWith[needs.glibcxx];
  if (gcc === undefined) throw new Error(`which release of gcc brought GLIBCXX_${needs.glibcxx}? Add it to gccWith`);
  return `Package: pmemwatch
Version: ${version}
Architecture: ${architecture.deb}
Maintainer: ${packager}
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
