import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments, stringify } from 'yaml';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'deploy/kubernetes');

/** Where the models of each group of the API are: classes with a `validate` made from the schemas of Kubernetes and the operator. */
const models: Readonly<Record<string, () => Promise<object>>> = {
  v1: () => import('kubernetes-models/v1'),
  'apps/v1': () => import('kubernetes-models/apps/v1'),
  'networking.k8s.io/v1': () => import('kubernetes-models/networking.k8s.io/v1'),
  'monitoring.coreos.com/v1': () => import('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'),
};

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: whatever the manifest says; the schemas judge it
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}
type Model = new (data: unknown) => { validate(): void };

const kustomize = [
  ['kustomize', 'build'],
  ['kubectl', 'kustomize'],
].find(([program]) => spawnSync(program ?? '', ['version', '--client'], { stdio: 'ignore' }).status === 0);
const skip = kustomize === undefined ? 'needs kustomize, or kubectl with it' : false;

function render(overlay: string): Manifest[] {
  const [program = '', word = ''] = kustomize ?? [];
  const { status, stdout, stderr } = spawnSync(program, [word, join(folder, overlay)], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /deprecated/i);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

async function validate(manifest: Manifest): Promise<void> {
  const load = models[manifest.apiVersion];
  assert.ok(load !== undefined, `no schema for ${manifest.apiVersion}`);
  const Kind = new Map(Object.entries(await load())).get(manifest.kind) as Model | undefined;
  assert.ok(Kind !== undefined, `no schema for ${manifest.apiVersion} ${manifest.kind}`);
  new Kind(manifest).validate();
}

const plain = ['Namespace', 'ServiceAccount', 'ConfigMap', 'DaemonSet', 'NetworkPolicy'];
const overlays: readonly { readonly path: string; readonly kinds: readonly string[] }[] = [
  { path: 'base', kinds: plain },
  { path: 'overlays/privileged', kinds: plain },
  { path: 'overlays/prometheus-operator', kinds: [...plain, 'PodMonitor', 'PrometheusRule'] },
  { path: 'overlays/full', kinds: [...plain, 'PodMonitor', 'PrometheusRule'] },
];
for (const { path, kinds } of overlays) {
  test(`deploy/kubernetes/${path} renders, and every object is what the schemas of its API say`, { skip }, async () => {
    const manifests = render(path);
    assert.deepEqual(manifests.map(({ kind }) => kind).sort(), kinds.toSorted());
    for (const manifest of manifests) {
      await validate(manifest);
      if (manifest.kind !== 'Namespace') assert.equal(manifest.metadata.namespace, 'pmemwatch');
    }
  });
}

test('the schemas refuse a manifest that is wrong', { skip }, async () => {
  const daemonSet = find(render('base'), 'DaemonSet');
  const broken = structuredClone(daemonSet);
  broken.spec.template.spec.containers[0].ports[0].containerPort = 'metrics';
  await assert.rejects(validate(broken), /containerPort/);
});

test('the base runs on nodes with persistent memory, without privilege, and writes to nothing but its state', {
  skip,
}, () => {
  const { template } = find(render('base'), 'DaemonSet').spec;
  assert.equal(template.spec.nodeSelector['feature.node.kubernetes.io/memory-nv.present'], 'true');
  const [container] = template.spec.containers;
  const { securityContext } = container;
  assert.equal(securityContext.privileged, undefined);
  assert.equal(securityContext.readOnlyRootFilesystem, true);
  assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
  // those that the image's own start line asks for
  const asked = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/--cap-add ([A-Z_]+)/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(securityContext.capabilities.add.toSorted(), asked.toSorted());
  const writable = container.volumeMounts.filter(({ readOnly }: { readOnly?: boolean }) => readOnly !== true);
  assert.deepEqual(
    writable.map(({ mountPath }: { mountPath: string }) => mountPath),
    ['/var/lib/pmemwatch', '/run/pmemwatch'],
  );
});

test('the privileged overlay has the devices of the node, and searches them by schedule', { skip }, () => {
  const manifests = render('overlays/privileged');
  const { spec } = find(manifests, 'DaemonSet').spec.template;
  const [container] = spec.containers;
  assert.equal(container.securityContext.privileged, true);
  assert.equal(container.securityContext.capabilities, undefined);
  assert.ok(container.volumeMounts.some(({ mountPath }: { mountPath: string }) => mountPath === '/dev'));
  assert.ok(spec.volumes.length === 5, 'and what the base mounts');
  assert.match(find(manifests, 'ConfigMap').data?.['pmemwatch.yml'] ?? '', /schedule: '0 1/);
});

test('what is scraped and let in is the port that the agent listens on', { skip }, () => {
  const manifests = render('overlays/prometheus-operator');
  const [container] = find(manifests, 'DaemonSet').spec.template.spec.containers;
  const [{ name, containerPort }] = container.ports;
  assert.ok(container.args.includes(`--web.listen-address=:${containerPort}`));
  const [endpoint] = find(manifests, 'PodMonitor').spec.podMetricsEndpoints;
  assert.equal(endpoint.port, name);
  assert.equal(find(manifests, 'NetworkPolicy').spec.ingress[0].ports[0].port, name);
});

test('the PrometheusRule holds the groups of deploy/prometheus', () => {
  const file = join(folder, 'components/prometheus-operator/prometheus-rule.yaml');
  const { groups } = parse(readFileSync(join(root, 'deploy/prometheus/pmemwatch.rules.yml'), 'utf8'));
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'pmemwatch', labels: { 'app.kubernetes.io/name': 'pmemwatch' } },
    spec: { groups },
  };
  const text = `# Made from deploy/prometheus/pmemwatch.rules.yml by \`npm run golden\`.\n${stringify(rule)}`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(readFileSync(file, 'utf8'), text);
});

function find(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind);
  assert.ok(found !== undefined, kind);
  return found;
}
