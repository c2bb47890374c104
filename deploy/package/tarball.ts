import { join } from 'node:path';
import type { Plan } from './plan.ts';
import { run } from './run.ts';
import type { Tree } from './tree.ts';

/** pmemwatch-VERSION-linux-ARCH.tar.xz: the same tree below one folder, which runs where it is unpacked. */
export function buildTarball(plan: Plan, tree: Tree, into: string): string {
  const name = `pmemwatch-${plan.version}-linux-${plan.architecture.node}`;
  const file = join(into, `${name}.tar.xz`);
  run('tar', [
    ...['--create', '--file', file, '--directory', tree.root, '--sort=name', `--mtime=@${plan.epoch}`],
    ...['--owner=root:0', '--group=root:0', '--numeric-owner', '--format=gnu', `--transform=s,^\\.,${name},S`],
    ...['--use-compress-program', plan.quick ? 'xz -0 -T2' : 'xz -6 -T2', '.'],
  ]);
  return file;
}
