import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { buildNfitTest } from './nfit-modules.ts';
import {
  downloadPackages,
  type KernelSource,
  kernelSources,
  type PackagePlan,
  planPackages,
  unpackPackages,
  updatePackageLists,
} from './packages.ts';

/** Files that QEMU boots from; all read-only and shared by every guest. */
export interface Image {
  /** what each kernel is started with; its modules are in the one root image */
  readonly kernels: Readonly<Record<KernelSource, BootFiles>>;
  readonly root: string;
}
export interface BootFiles {
  readonly kernel: string;
  readonly initrd: string;
}

/** Of the 300 MB of modules, what a guest can have a use for. */
const moduleFolders = [
  'arch/x86/crypto',
  'crypto',
  'drivers/acpi/nfit',
  'drivers/block',
  'drivers/char',
  'drivers/dax',
  'drivers/md',
  'drivers/nvdimm',
  'drivers/virtio',
  'fs',
  'lib',
];
// ext4 asks for crc32c by its algorithm's name, which no dependency list shows.
const earlyModules = ['crc32c_generic', 'crc32c-intel', 'virtio_pci', 'virtio_blk', 'ext4', 'overlay'];
const here = import.meta.dirname;

/** The image for today's package versions and today's recipe, from the cache or built now. */
export function prepareImage(cache: string, say: (line: string) => void): Image {
  let plan = planOrUpdate();
  const cached = join(cache, keyOf(plan));
  if (existsSync(cached)) return imageIn(cached);

  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'building-'));
  try {
    say('downloading packages');
    const packages = join(work, 'packages');
    try {
      downloadPackages(plan, packages);
    } catch {
      updatePackageLists(); // old lists name versions that the mirror has replaced
      plan = planPackages();
      downloadPackages(plan, packages);
    }
    const built = join(work, 'image');
    build(plan, packages, work, built, say);
    return imageIn(publish(built, cache, keyOf(plan)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function planOrUpdate(): PackagePlan {
  try {
    return planPackages();
  } catch {
    updatePackageLists();
    return planPackages();
  }
}

function build(plan: PackagePlan, packages: string, work: string, image: string, say: (line: string) => void): void {
  mkdirSync(image);
  say('building the nfit_test modules');
  const root = join(work, 'root');
  buildNfitTest(plan, packages, join(work, 'build'), join(root, 'lib/nfit-test'));

  say('building the root image');
  unpackPackages(plan.guest, packages, root);
  furnish(root);
  for (const source of kernelSources) addKernel(plan.kernels[source], packages, work, root, join(image, source));
  makeExt4(root, join(image, 'root.img'), '768M');
}

function addKernel(file: string, packages: string, work: string, root: string, into: string): void {
  const kernel = join(work, 'kernel');
  unpackPackages([file], packages, kernel);
  const version = readdirSync(join(kernel, 'lib/modules'))[0] ?? '';
  mkdirSync(into);
  copyFileSync(join(kernel, `boot/vmlinuz-${version}`), join(into, 'vmlinuz'));
  const modules = join(root, 'lib/modules', version);
  for (const folder of moduleFolders) {
    cpSync(join(kernel, 'lib/modules', version, 'kernel', folder), join(modules, 'kernel', folder), {
      recursive: true,
    });
  }
  for (const list of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    copyFileSync(join(kernel, 'lib/modules', version, list), join(modules, list));
  }
  // newer kernels have them compressed, which costs an emulated processor seconds at every start
  const unpack = 'find "$0" -name "*.ko.xz" | xargs -r unxz';
  command('chroot', [root, '/bin/busybox', 'sh', '-c', unpack, `/lib/modules/${version}`]);
  command('chroot', [root, 'depmod', version]);
  const initrd = join(work, 'initrd');
  makeInitrd(root, modules, initrd, join(into, 'initrd'));
  for (const used of [kernel, initrd]) rmSync(used, { recursive: true });
}

/** What maintainer scripts would have left behind. */
function furnish(root: string): void {
  for (const applet of command('chroot', [root, '/bin/busybox', '--list']).trim().split('\n')) {
    const taken = ['usr/bin', 'usr/sbin'].some((folder) => existsSync(join(root, folder, applet)));
    if (!taken) symlinkSync('busybox', join(root, 'usr/bin', applet));
  }
  for (const folder of ['proc', 'sys', 'dev', 'tmp', 'run', 'data', 'mnt', 'root', 'checkout', 'var/lib', 'var/tmp']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const unused of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'etc/modprobe.d']) {
    rmSync(join(root, unused), { recursive: true, force: true }); // modprobe.d would put a shell script before libnvdimm
  }
  const files: Readonly<Record<string, string>> = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\npmemwatch:x:900:900::/nonexistent:/bin/false\n',
    group: 'root:x:0:\npmemwatch:x:900:\n',
    hosts: '127.0.0.1 localhost pmemlab\n',
    'machine-id': '0123456789abcdef0123456789abcdef\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'etc', name), text);
}

function makeInitrd(root: string, modules: string, work: string, initrd: string): void {
  mkdirSync(join(work, 'bin'), { recursive: true });
  mkdirSync(join(work, 'modules'));
  copyFileSync(join(root, 'bin/busybox'), join(work, 'bin/busybox'));
  copyFileSync(join(here, 'initrd-init.sh'), join(work, 'init'));
  const files = loadOrder(readFileSync(join(modules, 'modules.dep'), 'utf8'), earlyModules);
  for (const file of files) copyFileSync(join(modules, file), join(work, 'modules', baseName(file)));
  writeFileSync(join(work, 'modules/order'), files.map((file) => `${baseName(file)}\n`).join(''));
  const pack = 'chmod 755 init && find . | bin/busybox cpio -o -H newc 2>/dev/null | gzip >"$0"';
  command('sh', ['-c', pack, initrd], { cwd: work });
}

/** modules.dep lists a module's needs last to first. A module that is built in has no line, and needs none. */
function loadOrder(dependencies: string, names: readonly string[]): string[] {
  const lines = dependencies.split('\n').map((line) => line.split(/:? /).map((file) => file.replace(/:$/, '')));
  const order = names.flatMap(
    (name) => lines.find(([file]) => baseName(file ?? '') === `${name}.ko`)?.toReversed() ?? [],
  );
  return [...new Set(order.filter((file) => file !== ''))];
}

export function makeExt4(from: string, file: string, size: string): void {
  command('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', from, file, size]);
}

/** Renamed into place when whole, so that an interrupted build is never taken for a finished one; older ones go. */
function publish(built: string, cache: string, key: string): string {
  const place = join(cache, key);
  for (const old of readdirSync(cache)) {
    if (old.startsWith('image-')) rmSync(join(cache, old), { recursive: true, force: true });
  }
  renameSync(built, place);
  return place;
}

function keyOf(plan: PackagePlan): string {
  const hash = createHash('sha256').update(JSON.stringify(plan));
  for (const recipe of ['image.ts', 'nfit-modules.ts', 'packages.ts', 'initrd-init.sh']) {
    hash.update(readFileSync(join(here, recipe)));
  }
  return `image-${hash.digest('hex').slice(0, 16)}`;
}

function imageIn(folder: string): Image {
  const bootFiles = (source: KernelSource): BootFiles => ({
    kernel: join(folder, source, 'vmlinuz'),
    initrd: join(folder, source, 'initrd'),
  });
  return {
    kernels: { release: bootFiles('release'), backports: bootFiles('backports') },
    root: join(folder, 'root.img'),
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
