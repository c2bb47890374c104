import { chmodSync, cpSync, globSync, lutimesSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { licenceExpression, licenceText } from './licences.ts';
import { checkout, type Plan } from './plan.ts';
import { copyProduction, installProduction, productionPackages } from './production.ts';
import { run } from './run.ts';
import { type LibraryNeeds, layNode, libraryNeeds } from './runtime.ts';

/** Everything as it will be on a host, below one folder. */
export interface Tree {
  readonly root: string;
  readonly needs: LibraryNeeds;
  /** SPDX */
  readonly license: string;
}

/** What people may change; an upgrade leaves it alone then. Paths on the host. */
export const configFiles = ['/etc/pmemwatch/environment', '/etc/pmemwatch/pmemwatch.yml'] as const;

/** Files of the checkout and where they go. */
const laid: readonly { readonly from: string; readonly to: string; readonly gzip?: true }[] = [
  { from: 'deploy/package/files/environment', to: 'etc/pmemwatch' },
  { from: 'deploy/systemd/*.{service,socket}', to: 'usr/lib/systemd/system' },
  { from: 'deploy/man/*.[1-8]', to: 'usr/share/man', gzip: true },
  { from: 'dashboards/*.json', to: 'usr/share/pmemwatch/dashboards' },
  { from: 'deploy/prometheus/*.rules.yml', to: 'usr/share/pmemwatch/prometheus' },
  { from: 'deploy/alertmanager.example.yml', to: 'usr/share/pmemwatch' },
  { from: 'deploy/pmemwatch.example.yml', to: 'usr/share/pmemwatch' },
  { from: 'docs/**/*.{md,svg,png}', to: 'usr/share/doc/pmemwatch' },
  { from: '{README,CHANGELOG}.md', to: 'usr/share/doc/pmemwatch' },
];
/** Files that have another name on a host. */
const renamed: Readonly<Record<string, string>> = {
  'deploy/package/files/pmemwatch': 'usr/bin/pmemwatch',
  'deploy/pmemwatch.example.yml': 'etc/pmemwatch/pmemwatch.yml',
  'deploy/systemd/pmemwatch.sysusers.conf': 'usr/lib/sysusers.d/pmemwatch.conf',
  'deploy/systemd/pmemwatch.tmpfiles.conf': 'usr/lib/tmpfiles.d/pmemwatch.conf',
  'deploy/completion/pmemwatch.bash': 'usr/share/bash-completion/completions/pmemwatch',
  'deploy/completion/_pmemwatch': 'usr/share/zsh/site-functions/_pmemwatch',
  'deploy/completion/pmemwatch.fish': 'usr/share/fish/vendor_completions.d/pmemwatch.fish',
};

/** Builds the program and lays the tree into `work/root`. The same sources and versions give the same bytes, modes and times. */
export function layTree(plan: Plan, work: string): Tree {
  const root = join(work, 'root');
  const home = join(root, 'usr/lib/pmemwatch');
  const installed = join(work, 'production');
  installProduction(plan, installed);
  const packages = productionPackages(installed);

  run(join(checkout, 'node_modules/.bin/tsc'), [
    '-p',
    join(checkout, 'tsconfig.build.json'),
    '--outDir',
    join(home, 'dist'),
  ]);
  copyProduction(installed, packages, home);
  layNode(installed, plan, join(home, 'bin/node'));
  write(join(home, 'package.json'), describeProgram(plan));
  write(join(root, 'usr/share/doc/pmemwatch/copyright'), licenceText(installed, packages));
  layFiles(root);
  settle(root, plan.epoch);
  const binaries = globSync('**/*.node', { cwd: home }).map((file) => join(home, file));
  return {
    root,
    needs: libraryNeeds([join(home, 'bin/node'), ...binaries], plan.architecture),
    license: licenceExpression(packages),
  };
}

/** What the program reads of itself: its version, and that its files are modules. */
function describeProgram({ version, revision }: Plan): string {
  return `${JSON.stringify({ name: 'pmemwatch', version, revision, private: true, type: 'module' }, null, 2)}\n`;
}

function layFiles(root: string): void {
  for (const { from, to, gzip } of laid) {
    for (const file of globSync(from, { cwd: checkout })) {
      const inside = from.includes('**') ? file.slice(from.indexOf('**')) : basename(file);
      const manual = /\.([1-8])$/.exec(file)?.[1];
      const folder = manual === undefined ? to : join(to, `man${manual}`);
      const bytes = readFileSync(join(checkout, file));
      write(join(root, folder, gzip ? `${inside}.gz` : inside), gzip ? gzipSync(bytes, { level: 9 }) : bytes);
    }
  }
  for (const [from, to] of Object.entries(renamed)) {
    write(join(root, to), readFileSync(join(checkout, from)));
  }
}

function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Modes and times that do not depend on who built it, or when. Owners are set by each packer: root, whoever builds. */
function settle(root: string, epoch: number): void {
  const programs = new Set(['usr/bin/pmemwatch', 'usr/lib/pmemwatch/bin/node']);
  for (const entry of globSync('**', { cwd: root, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isProgram = programs.has(path.slice(root.length + 1));
    chmodSync(path, entry.isDirectory() || isProgram ? 0o755 : 0o644);
    lutimesSync(path, epoch, epoch);
  }
  lutimesSync(root, epoch, epoch);
}

/** A copy for a packer that adds files of its own. */
export function copyTree({ root }: Tree, to: string): void {
  cpSync(root, to, { recursive: true, preserveTimestamps: true });
}
