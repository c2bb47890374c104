import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';

/** Where a guest's kernel comes from: the Debian release of this machine, or what is backported to it. */
export const kernelSources = ['release', 'backports'] as const;
export type KernelSource = (typeof kernelSources)[number];

const emptyFolder = join(tmpdir(), 'pmemwatch-vm-apt');

/**
 * What runs inside the guest. Everything else a test needs comes from busybox or Node; shell and coreutils are those that
 * people have, since commands that the agent tells are run as told.
 */
const guestPackages = [
  'attr',
  'btrfs-progs',
  'busybox-static',
  'coreutils',
  'dash',
  'daxctl',
  'dmsetup',
  'e2fsprogs',
  'f2fs-tools',
  'fdisk',
  'kmod',
  'lvm2',
  'mdadm',
  'mount',
  'ndctl',
  'util-linux',
  'xfsprogs',
];

/** A complete compiler for one kernel module, down to the shell: it runs in a folder of its own with chroot. */
const buildPackages = [
  'bash',
  'coreutils',
  'dash',
  'diffutils',
  'findutils',
  'gcc',
  'grep',
  'gzip',
  'linux-headers-amd64',
  'make',
  'mawk',
  'perl-base',
  'sed',
  'tar',
  'xz-utils',
];

/** File names of .deb packages, dependencies included; versions are part of the names. */
export interface PackagePlan {
  readonly kernels: Readonly<Record<KernelSource, string>>;
  readonly guest: readonly string[];
  readonly build: readonly string[];
}

/**
 * Asks apt which packages it would take, as on a machine with nothing installed: the answer, and so the image,
 * does not depend on what this host has, and nothing but QEMU is ever installed on it.
 */
export function planPackages(): PackagePlan {
  const image = resolve(['linux-image-amd64']);
  const kernel = image.find((file) => /^linux-image-\d/.test(file));
  if (kernel === undefined) throw new Error('apt knows no linux-image-amd64');
  const series = /^linux-image-(\d+\.\d+)/.exec(kernel)?.[1];
  return {
    kernels: { release: kernel, backports: backportedKernel() },
    guest: resolve(guestPackages),
    build: resolve([...buildPackages, `linux-source-${series}`]),
  };
}

export function downloadPackages(plan: PackagePlan, folder: string): void {
  const names = new Set([plan.kernels.release, ...plan.guest, ...plan.build].map(nameAndVersion));
  command('apt-get', [...aptOptions(folder), '--download-only', 'install', ...names]);
  // alone and without what it depends on: those lists know nothing but backports
  command('apt-get', [...backportsOptions(), 'download', nameAndVersion(plan.kernels.backports)], { cwd: folder });
}

/** Debian's merged /usr has to be there first, and tar must follow its links instead of replacing them. */
export function unpackPackages(files: readonly string[], from: string, root: string): void {
  for (const folder of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  command('sh', ['-c', 'for d in bin sbin lib lib64; do ln -sfn usr/$d $0/$d; done', root]);
  const present = new Set(readdirSync(from));
  for (const file of files) {
    if (!present.has(file)) throw new Error(`apt did not download ${file}`);
    const unpack = 'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink -C "$1"';
    command('sh', ['-c', unpack, join(from, file), root]);
  }
}

export function updatePackageLists(): void {
  command('apt-get', ['-qq', 'update']);
  command('apt-get', [...backportsOptions(), 'update']);
}

export function installOnHost(names: readonly string[]): void {
  const install = ['-qq', '-y', '--no-install-recommends', 'install', ...names];
  try {
    command('apt-get', install);
  } catch {
    updatePackageLists(); // an image of a bare Debian has no lists, an old one has lists of files that are gone
    command('apt-get', install);
  }
}

function resolve(names: readonly string[]): string[] {
  const noArchives = join(emptyFolder, 'archives'); // apt does not list what it has already downloaded
  const lines = command('apt-get', [...aptOptions(noArchives), '--print-uris', 'install', ...names]).split('\n');
  return lines
    .flatMap((line) => /^'[^']*' (\S+\.deb) /.exec(line)?.[1] ?? [])
    .filter((file) => !/^(perl_|perl-modules|libperl|python3|libpython3|libicu)/.test(file)) // for scripts no test runs
    .sort();
}

/** The name of a package is that of its newest version: `linux-image-amd64` only depends on it. */
function backportedKernel(): string {
  const shown = command('apt-cache', [...backportsOptions(), 'show', '--no-all-versions', 'linux-image-amd64']);
  const name = /^Depends: (linux-image-\d\S*)/m.exec(shown)?.[1];
  if (name === undefined) throw new Error('apt knows no backported linux-image-amd64');
  const uri = command('apt-get', [...backportsOptions(), '--print-uris', 'download', name]);
  const file = /^'[^']*' (\S+\.deb) /m.exec(uri)?.[1];
  if (file === undefined) throw new Error(`apt cannot tell where ${name} is`);
  return file;
}

/** Lists of their own, so that this machine's apt does not come to know the suite. */
function backportsOptions(): string[] {
  const folder = join(emptyFolder, 'backports');
  const sources = join(folder, 'sources.list');
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  writeFileSync(sources, `${backportsSource()}\n`);
  const settings = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(folder, 'lists')}`,
    `Dir::Cache::pkgcache=${join(folder, 'pkgcache.bin')}`,
    `Dir::Cache::srcpkgcache=${join(folder, 'srcpkgcache.bin')}`,
    'APT::Sandbox::User=root',
  ];
  return ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
}

/** The suite is on the server that this machine has its release from. */
function backportsSource(): string {
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const targets = command('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages']);
  const server = targets
    .split('\n')
    .find((line) => line.endsWith(` ${codename}`))
    ?.split(' ')[0];
  if (server === undefined) throw new Error(`apt has no source for the packages of ${codename}`);
  const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
  return `deb ${signed}${server} ${codename}-backports main`;
}

function nameAndVersion(file: string): string {
  const [name, version] = file.split('_');
  return `${name}=${decodeURIComponent(version ?? '')}`;
}

function aptOptions(archives: string): string[] {
  const status = join(emptyFolder, 'status');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  mkdirSync(emptyFolder, { recursive: true });
  writeFileSync(status, '');
  const settings = [`Dir::State::status=${status}`, `Dir::Cache::archives=${archives}`, 'Debug::NoLocking=1'];
  return ['-qq', '-y', '--no-install-recommends', ...settings.flatMap((setting) => ['-o', setting])];
}
