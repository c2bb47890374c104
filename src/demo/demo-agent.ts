import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentProcess, startAgentProcess } from './agent-process.ts';
import type { DemoReceiver } from './receiver.ts';
import type { Scene } from './scene.ts';

/** Where the agent of this scene writes its log. */
export function logFile(scene: Scene): string {
  return join(scene.site.folder, 'agent.log');
}
/** In a folder that the agent makes: started as root, it listens as another user. */
export function socketFile(scene: Scene): string {
  return join(scene.site.folder, 'state/api.sock');
}

/** The unchanged agent, configured for this scene. @throws AgentError when it does not start */
export async function startAgent(scene: Scene, receiver: DemoReceiver, signal: AbortSignal): Promise<AgentProcess> {
  const { folder } = scene.site;
  const config = join(folder, 'pmemwatch.yml');
  const secret = join(folder, 'webhook.secret');
  await writeFile(secret, `${receiver.secret}\n`, { mode: 0o640 });
  const socket = Buffer.byteLength(socketFile(scene)) <= 107 ? socketFile(scene) : 'off';
  const hash = createHash('sha256').update(scene.token).digest('hex');
  const settings = {
    poll: { bad_blocks: '10s' },
    resolve: { walk_roots: [join(folder, 'pg')] },
    notify: { group_wait: '1s' },
    receivers: [{ name: 'demo', type: 'webhook', url: receiver.url, secret_file: secret }],
    metrics: { paths: 'full' },
    api: { socket, tokens: [{ name: 'demo', scope: 'operate', hash: `sha256:${hash}` }] },
    agent: { user: 'nobody' },
  };
  // JSON is YAML too
  await writeFile(config, `${JSON.stringify(settings, undefined, 2)}\n`);
  await openToAgent(scene);
  const { sysfs, procfs, dev } = scene.host;
  const args = ['--config', config, '--state.file', join(folder, 'state/state.db')];
  args.push('--web.listen-address', '127.0.0.1:0');
  args.push('--path.sysfs', sysfs, '--path.procfs', procfs, '--path.dev', dev);
  return startAgentProcess(args, logFile(scene), signal);
}

/** Of the user that the demo's agent becomes, as every distribution numbers it. */
const NOBODY_GROUP = 65534;

/** Started as root, the listening half runs as a user without rights: its folder and files must be there for it. */
async function openToAgent(scene: Scene): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await chmod(scene.site.folder, 0o755);
  await mkdir(join(scene.site.folder, 'pg'), { recursive: true });
  // its group: the agent keeps root, without a capability, where a checkout cannot be read by anybody else
  await chown(join(scene.site.folder, 'webhook.secret'), 0, NOBODY_GROUP);
}
