import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { checkout, type Plan } from './plan.ts';
import { run } from './run.ts';

/** One npm package that goes along. */
export interface Production {
  /** from the folder that holds node_modules */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly version?: string }>>;
}

/** What a program may load; all else (types, maps, texts, the sources of binaries) is for developers. */
const loaded = new Set(['.js', '.cjs', '.mjs', '.json', '.node']);
/** What else is served to browsers, from a folder of that name (@fastify/swagger-ui). */
const served = { folder: 'static', kinds: new Set(['.html', '.css', '.png', '.svg']) } as const;
/** Folders on the first level of a package. Not below it: `yaml` has code in one called `doc`. */
const forDevelopers = new Set([
  ...['.github', '__tests__', 'bench', 'benchmark', 'benchmarks', 'coverage', 'doc', 'docs', 'e2e', 'example'],
  ...['examples', 'integration', 'test', 'tests', 'vendor'],
]);
/** A binary for another C library, the build tool of koffi, and settings of developers' tools. */
const neverLoaded = /^(?:musl_\w+|cnoke\.cjs|(?:eslint|playwright|vitest|rollup|webpack)\.config\..*|\..*)$/;

/**
 * Installs into `work` exactly what package-lock.json says for production on that architecture, its prebuilt binaries among
 * it. No install script is run.
 */
export function installProduction({ architecture }: Plan, work: string): void {
  mkdirSync(work, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    copyFileSync(join(checkout, file), join(work, file));
  run(
    'npm',
    [
      ...['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-bin-links', '--loglevel=error'],
      ...['--os=linux', '--libc=glibc', `--cpu=${architecture.node}`],
    ],
    { cwd: work },
  );
}

/** The packages that the lock file names and `installed` has, sorted. */
export function productionPackages(installed: string): Production[] {
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Lock;
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(installed, path)))
    .map(([path, { version = '' }]) => {
      const told = JSON.parse(readFileSync(join(installed, path, 'package.json'), 'utf8')) as Partial<Production>;
      if (told.version !== version || told.name === undefined || told.license === undefined) {
        throw new Error(`${path} is not the ${version} of the lock file, or names no licence`);
      }
      return { path, name: told.name, version, license: told.license };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Copies what can be loaded, and nothing else. Node itself is laid elsewhere. */
export function copyProduction(installed: string, packages: readonly Production[], into: string): void {
  for (const { path, name } of packages) {
    if (name.startsWith('node-linux-')) continue;
    const commands = commandsOf(join(installed, path));
    copyLoaded(join(installed, path), join(into, path), { isFirstLevel: true, isServed: false, commands });
  }
}

/** Programs that a package brings for a shell: nothing loads them. */
function commandsOf(folder: string): ReadonlySet<string> {
  const { bin = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly bin?: string | Readonly<Record<string, string>>;
  };
  const files = typeof bin === 'string' ? [bin] : Object.values(bin);
  return new Set(files.map((file) => join(folder, file)));
}

function copyLoaded(
  from: string,
  to: string,
  where: { readonly isFirstLevel: boolean; readonly isServed: boolean; readonly commands: ReadonlySet<string> },
): void {
  const { isFirstLevel, isServed, commands } = where;
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const { name } = entry;
    const [source, target] = [join(from, name), join(to, name)];
    if (neverLoaded.test(name) || commands.has(source)) continue;
    if (entry.isDirectory()) {
      // packages inside this one are copied by themselves
      if (name === 'node_modules' || (isFirstLevel && forDevelopers.has(name))) continue;
      copyLoaded(source, target, { isFirstLevel: false, isServed: isServed || name === served.folder, commands });
    } else if (entry.isFile() && isLoaded(name, isServed)) {
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(source, target);
    }
  }
}

function isLoaded(name: string, isServed: boolean): boolean {
  return loaded.has(extname(name)) || (isServed && served.kinds.has(extname(name)));
}
