import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from './plan.ts';
import { run } from './run.ts';
import { configFiles, type Tree } from './tree.ts';

/** Folders of the tree that this package owns as a whole. */
const ownFolders = ['usr/lib/pmemwatch', 'usr/share/pmemwatch', 'usr/share/doc/pmemwatch'];
/** Folders that every system has. Of all others rpm is to know, or it would leave them behind: a folder may have many owners. */
const everywhere = /^\/(?:etc|usr(?:\/(?:bin|lib|share|share\/(?:doc|man(?:\/man\d)?)|lib\/systemd(?:\/system)?))?)$/;

/** pmemwatch-VERSION-1.ARCH.rpm, unpacked by rpm of RHEL 8 and SLES 15 SP3 or later (zstd). */
export function buildRpm(plan: Plan, tree: Tree, work: string, into: string): string {
  const top = join(work, 'rpm');
  mkdirSync(top);
  const values: Readonly<Record<string, string>> = {
    // no hyphen may be in it, and rpm sorts ~ as Debian does
    VERSION: plan.version,
    LICENSE: tree.license,
    PACKAGER: plan.packager,
    GLIBC: tree.needs.glibc,
    GLIBCXX: tree.needs.glibcxx,
    GCC: tree.needs.gcc,
    TREE: tree.root,
    FILES: fileList(tree.root),
  };
  const spec = readFileSync(join(import.meta.dirname, 'rpm/pmemwatch.spec'), 'utf8');
  writeFileSync(
    join(top, 'pmemwatch.spec'),
    spec.replace(/@([A-Z]+)@/g, (_, name: string) => values[name] ?? ''),
  );
  const macros: Readonly<Record<string, string>> = {
    _topdir: top,
    _binary_payload: plan.quick ? 'w3.zstdio' : 'w19.zstdio',
    // what is not of the sources, and differs from one build to the next
    _buildhost: 'localhost',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    // nothing is to be changed in the laid tree: not stripped, not compressed, no links by build id
    __os_install_post: '%{nil}',
    _build_id_links: 'none',
    debug_package: '%{nil}',
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const { rpm } = plan.architecture;
  run('rpmbuild', ['-bb', '--quiet', '--target', `${rpm}-linux`, ...defines, join(top, 'pmemwatch.spec')], {
    env: { SOURCE_DATE_EPOCH: String(plan.epoch) },
  });
  const name = `pmemwatch-${plan.version}-1.${rpm}.rpm`;
  copyFileSync(join(top, 'RPMS', rpm, name), join(into, name));
  return join(into, name);
}

function fileList(root: string): string {
  const configured = new Set<string>(configFiles);
  const lines = globSync('**', { cwd: root, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(root.length);
    if (path === '' || ownFolders.some((folder) => path === `/${folder}` || path.startsWith(`/${folder}/`))) return [];
    if (entry.isDirectory()) return everywhere.test(path) ? [] : [`%dir ${path}`];
    return [`${configured.has(path) ? '%config(noreplace) ' : ''}${path}`];
  });
  const whole = ownFolders.map((folder) => (folder.includes('/doc/') ? `%doc /${folder}` : `/${folder}`));
  return [...whole, ...lines.sort()].join('\n');
}
