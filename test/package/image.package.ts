import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { command, hasProgram } from '../vm/lab/command.ts';
import { built, checkout, cleanTree, eventually, versions } from './lab.ts';

const missing = ['buildah', 'crun'].filter((program) => !hasProgram(program));
const skip = missing.length > 0 ? `no ${missing.join(', ')} (Debian: apt-get install ${missing.join(' ')})` : false;

/** Of what docker run is told in the Dockerfile. */
const dockerfile = readFileSync(join(checkout, 'Dockerfile'), 'utf8');
const capabilities = [...dockerfile.matchAll(/--cap-add ([A-Z_]+)/g)].map(([, name]) => `CAP_${name}`);

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

/** A container of its own by an OCI runtime, as an engine would ask for it. */
function startContainer(t: TestContext, root: string, args: readonly string[]) {
  const bundle = mkdtempSync(join(tmpdir(), 'pmemwatch-bundle-'));
  const name = basename(bundle);
  const state = join(bundle, 'state');
  mkdirSync(state);
  command('crun', ['spec'], { cwd: bundle });
  const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  spec.root = { path: root, readonly: true };
  spec.process = { ...spec.process, terminal: false, args, noNewPrivileges: true };
  spec.process.capabilities = Object.fromEntries(
    ['bounding', 'effective', 'permitted'].map((set) => [set, capabilities]),
  );
  // --pid host
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }: { readonly type: string }) => type !== 'pid');
  spec.mounts = [
    ...spec.mounts.filter(({ destination }: { readonly destination: string }) => destination !== '/sys/fs/cgroup'),
    { destination: '/var/lib/pmemwatch', type: 'bind', source: state, options: ['bind', 'rw'] },
    { destination: '/run/pmemwatch', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
  ];
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  const crun = ['--root', join(bundle, 'run'), '--cgroup-manager=disabled'];
  const child = spawn('crun', [...crun, 'run', '--bundle', bundle, name], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  t.after(() => {
    spawnSync('crun', [...crun, 'delete', '--force', name]);
    rmSync(bundle, { recursive: true, force: true });
  });
  return {
    log: () => log,
    exec(words: readonly string[]) {
      const { status, stdout, stderr } = spawnSync('crun', [...crun, 'exec', name, ...words], { encoding: 'utf8' });
      return { code: status, stdout, stderr };
    },
    stop() {
      spawnSync('crun', [...crun, 'kill', name, 'TERM']);
      return ended;
    },
  };
}
