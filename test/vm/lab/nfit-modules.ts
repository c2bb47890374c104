import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { type PackagePlan, unpackPackages } from './packages.ts';

const sources = ['tools/testing/nvdimm', 'drivers/nvdimm', 'drivers/acpi/nfit', 'drivers/dax'];

/**
 * Builds the kernel's nfit_test modules for Debian's stock kernel, without building a kernel: the headers package
 * has everything but the drivers' private headers, which KCPPFLAGS adds.
 */
export function buildNfitTest(plan: PackagePlan, packages: string, work: string, into: string): void {
  unpackPackages(plan.build, packages, work);
  command('mknod', ['-m', '666', join(work, 'dev/null'), 'c', '1', '3']);
  symlinkSync('mawk', join(work, 'usr/bin/awk')); // made by a maintainer script elsewhere
  mkdirSync(join(work, 'tmp'), { recursive: true });
  const usrSrc = readdirSync(join(work, 'usr/src'));
  const archive = usrSrc.find((name) => /^linux-source-.*\.tar\.xz$/.test(name));
  const headers = usrSrc.find((name) => /^linux-headers-.*-amd64$/.test(name));
  if (archive === undefined || headers === undefined) throw new Error('no kernel source or headers were unpacked');
  const tree = archive.replace(/\.tar\.xz$/, '');
  const wanted = sources.map((folder) => `${tree}/${folder}`);
  command('chroot', [work, 'tar', '-C', '/usr/src', '-xf', `/usr/src/${archive}`, ...wanted]);
  const source = `/usr/src/${tree}`;
  const privateHeaders = sources.slice(1).map((folder) => `-I${source}/${folder}`);
  const make = ['-s', '-j2', '-C', `/usr/src/${headers}`, `M=${source}/${sources[0]}`];
  command('chroot', [work, 'make', ...make, `KCPPFLAGS=${privateHeaders.join(' ')}`, 'modules']);

  mkdirSync(into, { recursive: true });
  const built = `${source}/${sources[0]}`;
  for (const file of readdirSync(join(work, built), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ko')) continue;
    command('chroot', [work, 'strip', '--strip-debug', `${built}/${file}`]); // a hundredth of the size to load
    copyFileSync(join(work, built, file), join(into, file.replace(/^.*\//, '')));
  }
  rmSync(work, { recursive: true });
}
