/** Clean Debian systems to install into, and the packages that `run.ts` has built. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, hasProgram } from '../vm/lab/command.ts';

export const checkout = join(import.meta.dirname, '../..');

/** Programs that are asked for, and the Debian packages that have them. */
const needed: Readonly<Record<string, string>> = {
  'dpkg-deb': 'dpkg',
  rpmbuild: 'rpm',
  debootstrap: 'debootstrap',
  strip: 'binutils',
  xz: 'xz-utils',
  unshare: 'util-linux',
};

/** Why nothing of this can be tested here, or nothing. */
export function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'installing a package into a tree of its own needs root (chroot, owners)';
  const missing = Object.entries(needed).filter(([program]) => !hasProgram(program));
  if (missing.length === 0) return undefined;
  return `no ${missing.map(([program]) => program).join(', ')} (Debian: apt-get install ${missing.map(([, name]) => name).join(' ')})`;
}

/** Where `run.ts` has put what it built: `first` and `again` of the same sources, `next` of a later version. */
export function built(which: 'first' | 'again' | 'next', pattern: string): string {
  const folder = join(process.env['PMEMWATCH_PACKAGES'] ?? '', which);
  const [file, ...others] = globSync(pattern, { cwd: folder });
  if (file === undefined || others.length > 0)
    throw new Error(`${folder} has not one ${pattern}: npm run test:package`);
  return join(folder, file);
}

export const versions = { first: '7.0.0', next: '7.0.1' } as const;

/** A minimal Debian of this machine's release, made once and then copied. */
export function cleanTree(t: TestContext): string {
  const cache = process.env['PMEMWATCH_PACKAGE_CACHE'] ?? '/var/cache/pmemwatch-package';
  const { codename, mirror } = release();
  const lists = createHash('sha256').update(debianVersion(codename)).digest('hex').slice(0, 12);
  const base = join(cache, `${codename}-${lists}`);
  if (!existsSync(base)) {
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    const unfinished = `${base}.unfinished`;
    command('debootstrap', ['--variant=minbase', codename, unfinished, mirror]);
    renameSync(unfinished, base);
  }
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-tree-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, 'root');
  command('cp', ['-a', base, root]);
  return root;
}

function release(): { readonly codename: string; readonly mirror: string } {
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const targets = command('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages']);
  const line = targets.split('\n').find((each) => each.endsWith(` ${codename}`));
  if (line === undefined) throw new Error(`apt has no source for the packages of ${codename}`);
  return { codename, mirror: line.split(' ')[0] ?? '' };
}
/** A point release brings other packages. */
function debianVersion(codename: string): string {
  const policy = command('apt-cache', ['policy']);
  return policy.split('\n').find((line) => line.includes(`n=${codename},`)) ?? codename;
}

const mounts = 'mount -t proc proc "$0/proc"; mount --rbind /sys "$0/sys"; mount --rbind /dev "$0/dev"';

/** Runs a program inside the tree, with the kernel's file systems where it looks for them. */
export function inTree(root: string, ...words: readonly string[]) {
  const done = spawnSync('unshare', inside(root, words), { encoding: 'utf8', env: plain });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

function inside(root: string, words: readonly string[]): string[] {
  // mounted in a name space of its own: nothing stays mounted, however this ends
  return ['--mount', 'sh', '-c', `set -e; ${mounts}; exec chroot "$0" "$@"`, root, ...words];
}
const plain = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

/** The installed agent, running inside the tree. */
export interface InstalledAgent {
  readonly url: string;
  log(): string;
  stop(): Promise<number | null>;
}

export async function startInstalled(t: TestContext, root: string): Promise<InstalledAgent> {
  const words = ['/usr/bin/pmemwatch', 'agent', '--web.listen-address', '127.0.0.1:0', '--log.format', 'json'];
  const child = spawn('unshare', inside(root, words), { stdio: ['ignore', 'ignore', 'pipe'], env: plain });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  const url = await eventually('it is ready', async () => {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}: ${log}`);
    const address = /"address":"(http:[^"]+)"/.exec(log)?.[1];
    return address !== undefined && (await ask(`${address}/-/ready`)).status === 200 ? address : undefined;
  });
  return {
    url,
    log: () => log,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

export function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(10_000) });
}

export async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = performance.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`not within a minute: ${what}`);
    await sleep(200);
  }
}

/** Everything in a tree but its devices, and what the package managers keep for themselves. */
export function filesOf(root: string): string[] {
  const managers =
    /^(?:dev\/|var\/(?:lib\/(?:dpkg|rpm|systemd\/deb-systemd-helper[^/]*)|log|cache)(?:\/|$)|etc\/(?:passwd|group|shadow|gshadow|sub[ug]id)-?$)/;
  return below(root)
    .map((path) => path.slice(root.length + 1))
    .filter((file) => !managers.test(file))
    .sort();
}
/** Links are not followed: many lead out of the tree. */
function below(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...below(path)] : [path];
  });
}
