import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ask, inTree, startInstalled } from './lab.ts';

/** The installed program does what it is for, with nothing but what was installed. */
export async function answersAsInstalled(t: TestContext, root: string, version: string): Promise<void> {
  assert.equal(inTree(root, 'pmemwatch', '--version').stdout, `pmemwatch ${version}\n`);
  const listed = inTree(root, 'pmemwatch', 'list', '--json');
  assert.equal(listed.code, 0, listed.stderr);
  JSON.parse(listed.stdout);
  // through the probe process and its native code; what is known of the disk below depends on this machine
  const checked = inTree(root, 'pmemwatch', 'check', '/etc/pmemwatch', '--json');
  const { complete, files } = JSON.parse(checked.stdout) as {
    readonly complete: boolean;
    readonly files: readonly { readonly reason: string | null }[];
  };
  assert.ok(complete || files.every(({ reason }) => reason?.startsWith('no bad-block list is known')), checked.stdout);
  const shipped = inTree(root, 'pmemwatch', 'config', 'check', '/etc/pmemwatch/pmemwatch.yml');
  assert.equal(shipped.code, 0, shipped.stderr);

  const agent = await startInstalled(t, root);
  const metrics = await (await ask(`${agent.url}/metrics`)).text();
  assert.match(metrics, new RegExp(`pmemwatch_build_info\\{[^}]*version="${version}"`));
  assert.match(metrics, /pmemwatch_store_writable 1/);
  for (const path of ['/', '/docs/', '/docs/static/swagger-ui-bundle.js', '/openapi.json', '/runbook']) {
    assert.equal((await ask(`${agent.url}${path}`)).status, 200, path);
  }
  // started as root, it listens as its own user
  const uid = inTree(root, 'id', '-u', 'pmemwatch').stdout.trim();
  assert.match(agent.log(), new RegExp(`"uid":${uid},.*"msg":"starting"`));
  assert.equal(await agent.stop(), 0, agent.log());
}
