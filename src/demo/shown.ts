/** What the demo shows of what comes: messages, metrics, the API, and where to look while it runs. */
import { join } from 'node:path';
import { askJson, socketConnection } from '../cli/agent-connection.ts';
import type { CommandContext } from '../cli/command.ts';
import { AgentError } from '../model/errors.ts';
import type { Message } from '../model/message.ts';
import type { AgentProcess } from './agent-process.ts';
import { socketFile } from './demo-agent.ts';
import type { ReceivedMessage } from './receiver.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

/** A message as it arrives, whatever it says. */
export function tell(stage: Stage, { message, signed, at }: ReceivedMessage, since: number | undefined): void {
  const signature = signed ? 'signature right' : 'SIGNATURE WRONG';
  const headline = `${message.type}  ${message.severity}  (${signature})`;
  if (since === undefined) stage.say(headline);
  else stage.after(at - since, headline);
  stage.say(`     ${message.summary}`);
  if (message.type === 'pmem.incident.resolved') return;
  const slots = message.device.dimms.map((dimm) => `${dimm.locator ?? dimm.name} (serial ${dimm.serial ?? 'unknown'})`);
  if (slots.length > 0) stage.aside(`     on DIMMs ${slots.join(', ')}`);
  const [next] = message.nextSteps;
  if (next !== undefined) stage.aside(`     next step: ${next}`);
}

/** Which way the owner was found, and whether that way sees everything. */
export function explainSearch(stage: Stage, message: Message, scene: Scene): void {
  const { fsType, device } = scene.site;
  const root = process.getuid?.() === 0;
  if (message.complete) {
    stage.say(
      `Found as ${root ? 'root, from' : 'an ordinary user, from'} what ${fsType} itself keeps on ${device.node}: complete`,
    );
    return;
  }
  const reason = message.ranges.flatMap((range) => range.owners).find((owner) => owner.reason !== undefined)?.reason;
  stage.say(
    `Found ${root ? 'as root' : 'as an ordinary user'} by a walk (FIEMAP) over the demo's folder: not complete${reason === undefined ? '' : ` (${reason})`}`,
  );
}

const shownMetrics =
  /^(pmem_bad_bytes|pmem_bad_ranges|pmem_bad_owner_bytes|pmem_damaged_files|pmem_damaged_file_bytes|pmem_incidents)\{.* [1-9]\d*$/;

export async function showMetrics(stage: Stage, agent: AgentProcess, context: CommandContext): Promise<void> {
  const text = await (await fetch(`${agent.url}/metrics`, { signal: context.signal })).text();
  for (const line of text.split('\n')) if (shownMetrics.test(line)) stage.quote(line);
}

export async function showApi(stage: Stage, scene: Scene, context: CommandContext): Promise<void> {
  if (Buffer.byteLength(socketFile(scene)) > 107) {
    stage.aside(`the API's file names are on a unix socket, whose name would be too long below ${scene.site.folder}`);
    return;
  }
  const answer = (await askJson(socketConnection(socketFile(scene), true), {
    path: '/api/v1/files',
    signal: context.signal,
  })) as { items: ApiFile[] };
  stage.say('GET /api/v1/files, over the unix socket, where names are shown:');
  for (const { path, device, ranges } of answer.items) {
    const bytes = ranges.map(({ offset, length }) => ({ offset, length }));
    stage.quote(JSON.stringify({ path, device, ranges: bytes }));
  }
}

/** What of `GET /api/v1/files` is shown. */
interface ApiFile {
  readonly path: string;
  readonly device: string;
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
}

/** How the program is called here: a checkout has nothing on the PATH. */
function program(): string {
  return import.meta.url.endsWith('.ts') ? 'npm run -s pmemwatch --' : 'pmemwatch';
}

/** Where to look, and, when asked, the time to do so. */
export async function lookAround(
  stage: Stage,
  keep: boolean,
  agent: AgentProcess,
  scene: Scene,
  context: CommandContext,
): Promise<void> {
  if (!keep) {
    stage.next('That was all of it');
    stage.say(`To look around while it runs: ${program()} demo --keep`);
    return;
  }
  stage.next('Everything keeps running until Ctrl-C');
  const list = join(scene.host.sysfs, 'block/pmem0/badblocks');
  stage.quote(`page       ${agent.url}/sign-in as demo, password ${scene.token}`);
  stage.quote(`metrics    ${agent.url}/metrics`);
  stage.quote(`API        ${agent.url}/docs`);
  stage.quote(`incidents  ${program()} incidents --all --socket ${socketFile(scene)}`);
  stage.quote(`scrub      ${program()} rescan --wait --socket ${socketFile(scene)}`);
  stage.quote(`again      echo '${scene.sectors.start} ${scene.sectors.count}' >${list}`);
  const stopped = new Promise<string>((done) => {
    context.signal.addEventListener('abort', () => done('stopped'), { once: true });
    if (context.signal.aborted) done('stopped');
  });
  const reason = await Promise.race([stopped, agent.ended]);
  if (!context.signal.aborted) throw new AgentError('LISTEN', `the agent ended (${reason})`);
}
