import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { command, hasProgram } from '../vm/lab/command.ts';
import { built, checkout, cleanTree, eventually, versions } from './lab.ts';

const skip = hasProgram('buildah') ? false : 'no buildah (Debian: apt-get install buildah)';

/** Of what docker run is told in the Dockerfile. */
const dockerfile = readFileSync(join(checkout, 'Dockerfile'), 'utf8');
const capabilities = [...dockerfile.matchAll(/--cap-add ([A-Z_]+)/g)].map(([, name = '']) => name.toLowerCase());

interface ImageConfig {
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Labels: Readonly<Record<string, string>>;
  readonly Volumes: Readonly<Record<string, unknown>>;
}

test('the image is built from the tarball and runs with a read-only root and the documented capabilities alone', {
  skip,
}, async (t) => {
  const { root, config, bytes } = buildImage(t);
  t.diagnostic(`the image adds ${(bytes / 2 ** 20).toFixed(0)} MiB to its base`);
  assert.ok(bytes < 140 * 2 ** 20);
  assert.ok(config.Labels['org.opencontainers.image.title'] === 'pmemwatch');
  assert.deepEqual(Object.keys(config.Volumes), ['/var/lib/pmemwatch']);

  const container = startContainer(t, root, [...config.Entrypoint, ...config.Cmd, '--log.format', 'json']);
  const [kind, ...health] = config.Healthcheck.Test;
  assert.equal(kind, 'CMD');
  await eventually('it is healthy', () => container.exec(health).code === 0 || undefined);
  const metrics = container.exec(fetching('/metrics'));
  assert.match(metrics.stdout, new RegExp(`pmemwatch_build_info\\{[^}]*version="${versions.first}"`));
  await eventually('it is ready', () => container.exec(fetching('/-/ready')).stdout.includes('ready') || undefined);
  assert.notEqual(container.exec(['/bin/sh', '-c', 'echo x >/etc/x']).code, 0, 'its root is read-only');
  // the process that listens is another user's, and holds nothing
  const uid = Number(/^pmemwatch:x:(\d+):/m.exec(readFileSync(join(root, 'etc/passwd'), 'utf8'))?.[1]);
  assert.equal(uid, 915);
  assert.match(container.log(), new RegExp(`"uid":${uid},.*"msg":"starting"`));
  const pid = /"pid":(\d+),.*"msg":"starting"/.exec(container.log())?.[1];
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^CapEff:\s*0+$/m);
  assert.equal(await container.stop(), 0);
  assert.notEqual(container.exec(health).code, 0, 'what does not run is not healthy');
});

/** What is there in place of `curl`. */
function fetching(path: string): string[] {
  const script = `fetch('http://127.0.0.1:9915${path}').then((r) => r.text()).then((text) => console.log(text))`;
  return ['/usr/lib/pmemwatch/bin/node', '-e', script];
}

function buildImage(t: TestContext): { readonly root: string; readonly config: ImageConfig; readonly bytes: number } {
  const work = mkdtempSync(join(tmpdir(), 'pmemwatch-image-'));
  const store = ['--root', join(work, 'root'), '--runroot', join(work, 'run'), '--storage-driver', 'overlay'];
  const buildah = (...words: string[]): string => command('buildah', [...store, ...words]).trim();
  t.after(() => {
    buildah('umount', '--all');
    rmSync(work, { recursive: true, force: true });
  });
  // stands for debian:12-slim, which no registry gives us
  const base = buildah('from', 'scratch');
  buildah('add', '--quiet', base, cleanTree(t), '/');
  buildah('commit', '--quiet', '--format', 'docker', base, 'localhost/base');

  const context = join(work, 'context');
  mkdirSync(join(context, 'dist/packages'), { recursive: true });
  copyFileSync(join(checkout, 'Dockerfile'), join(context, 'Dockerfile'));
  const tarball = built('first', '*.tar.xz');
  copyFileSync(tarball, join(context, 'dist/packages', basename(tarball)));
  const options = [
    '--quiet',
    '--isolation',
    'chroot',
    '--format',
    'docker',
    '--pull-never',
    '--build-arg',
    'BASE=localhost/base',
  ];
  buildah('bud', ...options, '--tag', 'localhost/pmemwatch', context);
  const container = buildah('from', '--pull-never', 'localhost/pmemwatch');
  const { config } = JSON.parse(JSON.parse(buildah('inspect', container)).Config) as { readonly config: ImageConfig };
  const sizes = new Map(
    (JSON.parse(buildah('images', '--json')) as { readonly names: readonly string[]; readonly size: string }[]).map(
      ({ names, size }) => [names[0], bytesOf(size)],
    ),
  );
  const bytes = (sizes.get('localhost/pmemwatch:latest') ?? 0) - (sizes.get('localhost/base:latest') ?? 0);
  return { root: buildah('mount', container), config, bytes };
}
function bytesOf(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+) ?(\w+)$/.exec(text) ?? [];
  return Number(number) * ({ KB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN);
}

/**
 * What a container engine sets up, by the kernel's own means: name spaces for mounts and network, a root that is mounted read-only,
 * no privilege to be gained and no capability but the documented ones.
 */
function startContainer(t: TestContext, root: string, args: readonly string[]) {
  const state = mkdtempSync(join(tmpdir(), 'pmemwatch-volume-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const mounts = [
    'ip link set lo up',
    'mount --bind "$0" "$0"',
    'mount --bind "$1" "$0/var/lib/pmemwatch"',
    'mount -t tmpfs -o size=1m run "$0/run/pmemwatch"',
    'mount -t proc proc "$0/proc"',
    'mount -t sysfs -o ro sys "$0/sys"',
    'mount --rbind /dev "$0/dev"',
    'mount -o remount,bind,ro "$0"',
  ].join('\n');
  const privilege = [
    'setpriv',
    '--no-new-privs',
    `--bounding-set=-all,${capabilities.map((name) => `+${name}`).join(',')}`,
  ];
  const script = `set -e\n${mounts}\nroot=$0\nshift\nexec chroot "$root" "$@"`;
  const words = ['--mount', '--net', 'sh', '-c', script, root, state, ...privilege, ...args];
  const child = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin' } });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  return {
    log: () => log,
    exec(inside: readonly string[]) {
      const enter = ['-t', String(child.pid), '-m', '-n', 'chroot', root, ...inside];
      const { status, stdout, stderr } = spawnSync('nsenter', enter, { encoding: 'utf8', timeout: 20_000 });
      return { code: status, stdout, stderr };
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
