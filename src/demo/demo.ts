import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getJson } from '../cli/agent-api.ts';
import type { CheckedFile } from '../cli/check.ts';
import type { CommandContext, ExitCode } from '../cli/command.ts';
import { AgentError } from '../model/errors.ts';
import { type Run, run } from '../model/extent.ts';
import type { Message } from '../model/message.ts';
import { sectorsCovering, wholeSectors } from '../model/units.ts';
import { type AgentProcess, startAgentProcess } from './agent-process.ts';
import { type DemoReceiver, type ReceivedMessage, startDemoReceiver } from './receiver.ts';
import { laySimulatedHost, type SimulatedHost } from './simulated-host.ts';
import { candidateFolders, damage, type Site, tryParent, writeVictim } from './site.ts';
import { createStage, type Stage } from './stage.ts';

/** A file with a known place on a real device, and a simulated host on which that device is pmem0. */
interface Scene {
  readonly site: Site;
  readonly host: SimulatedHost;
  readonly victim: string;
  /** the sectors that hold the bytes which are going to be damaged */
  readonly sectors: Run;
  /** lets whoever is told of it see names and change things on the page */
  readonly token: string;
}

/** How long any one step may take before the demo gives up. */
const STEP_MS = 30_000;

/**
 * From a memory error to "resolved", with the unchanged agent: see `pmemwatch demo --help`. Everything it makes is in one
 * temporary folder that goes with it.
 */
export async function runDemo(options: { readonly keep: boolean }, context: CommandContext): Promise<ExitCode> {
  const stage = createStage(context);
  // the agent tells who has the file open, and reads this name in procfs
  process.title = 'pmemwatch-demo';
  const closers: (() => Promise<unknown>)[] = [];
  let failed = false;
  try {
    stage.title('pmemwatch demo: a memory error finds its file');
    const scene = await setScene(stage, context);
    closers.push(async () => {
      if (failed) stage.say(`Kept for a look, with the agent's log: ${scene.site.folder}`);
      else await rm(scene.site.folder, { recursive: true, force: true });
    });
    const stopScrub = scene.host.playScrub();
    closers.push(async () => stopScrub());
    const victim = await open(scene.victim, 'r+');
    closers.push(() => victim.close());

    /** when the cause of what comes next was set; absent when that is in the hands of whoever looks around */
    let told: number | undefined = performance.now();
    const receiver = await startDemoReceiver((received) => tell(stage, received, told));
    closers.push(() => receiver.close());

    stage.next(`The agent itself, on a simulated sysfs where ${scene.site.device.node} plays pmem0`);
    const before = performance.now();
    const agent = await startAgent(scene, receiver, context);
    closers.push(() => agent.stop());
    stage.after(performance.now() - before, `ready: ${agent.url}`);
    stage.aside(`its log: ${logFile(scene)}`);
    stage.say(`A webhook receiver waits on ${receiver.url}`);

    stage.next(`The kernel finds ${scene.sectors.count} bad sectors at ${scene.sectors.start} of pmem0`);
    told = performance.now();
    await scene.host.setBadSectors([scene.sectors]);
    const found = await step('the webhook', agent, context, (signal) =>
      receiver.next((message) => message.files.some((file) => file.path === scene.victim), signal),
    );
    explainSearch(stage, found.message, scene);

    stage.next('Metrics and API say the same');
    await showMetrics(stage, agent, context);
    await showApi(stage, scene, context);

    stage.next('The file is rewritten from a good copy, and the kernel takes the sectors off its list');
    await victim.write(
      Buffer.alloc(damage.length, 'a row that was restored from a backup\n'),
      0,
      damage.length,
      damage.offset,
    );
    told = performance.now();
    await scene.host.setBadSectors([]);
    await step('"resolved"', agent, context, (signal) =>
      receiver.next((message) => message.type === 'pmem.incident.resolved', signal),
    );
    told = undefined;
    await lookAround(stage, options.keep, agent, scene, context);
    return 0;
  } catch (error) {
    failed = !context.signal.aborted;
    throw error;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Finds a file system that can play, and a file's place on it. @throws AgentError when there is none */
async function setScene(stage: Stage, context: CommandContext): Promise<Scene> {
  stage.next('A real file on a real file system');
  const refusals: string[] = [];
  for (const parent of await candidateFolders()) {
    const site = await tryParent(parent);
    if ('unfit' in site) {
      refusals.push(`${parent} ${site.unfit}`);
      stage.aside(`${parent} ${site.unfit}: trying another place`);
      continue;
    }
    let keep = false;
    try {
      const victim = await writeVictim(site.folder);
      const host = await laySimulatedHost(site.folder, site.device);
      const place = await locate(victim, host, site, context);
      if ('unknown' in place) {
        refusals.push(`${parent}: ${place.unknown}`);
        stage.aside(`${parent}: ${place.unknown}: trying another place`);
        continue;
      }
      stage.say(victim);
      stage.say(
        `${site.fsType} on ${site.device.node} keeps its bytes ${damage.offset}–${damage.offset + damage.length - 1} in sectors ${place.start}+${place.count} (by FIEMAP)`,
      );
      keep = true;
      return { site, host, victim, sectors: place, token: randomBytes(12).toString('hex') };
    } finally {
      if (!keep) await rm(site.folder, { recursive: true, force: true });
    }
  }
  throw new AgentError(
    'USAGE',
    `no file system here tells where a file lies (${refusals.join('; ')}): run it in a folder on a disk with ext4 or XFS`,
  );
}

/**
 * Where the bytes lie that are going to be damaged. Asked as users ask, with `check`: on a pmem0 that is bad from end to
 * end, every byte of the file is reported with its sectors.
 */
async function locate(
  victim: string,
  host: SimulatedHost,
  site: Site,
  context: CommandContext,
): Promise<Run | { readonly unknown: string }> {
  const { sysfs, procfs, dev } = host;
  const platform = await context.openPlatform({ sysfs, procfs, rootfs: '/', dev });
  try {
    await host.setBadSectors([run(0, site.device.size)]);
    const job = { paths: [victim], deadlineMs: STEP_MS, tellClean: true };
    const files: CheckedFile[] = [];
    await platform.check(
      job,
      () => undefined,
      context.signal,
      async (found) => {
        files.push(...(found as CheckedFile[]));
      },
    );
    const file = files[0];
    const range = file?.ranges.find(
      ({ offset, length }) => offset <= damage.offset && offset + length >= damage.offset + damage.length,
    );
    if (range === undefined) return { unknown: file?.reason ?? `${site.fsType} does not tell where a file lies` };
    // the range begins at a sector, and the damage at a block of the file: both are whole sectors
    const into = wholeSectors(damage.offset - range.offset);
    return run(range.start + into, sectorsCovering(damage.offset, damage.length));
  } finally {
    await host.setBadSectors([]);
    await platform.close();
  }
}

function logFile(scene: Scene): string {
  return join(scene.site.folder, 'agent.log');
}
/** In a folder that the agent makes: started as root, it listens as another user. */
function socketFile(scene: Scene): string {
  return join(scene.site.folder, 'state/api.sock');
}

async function startAgent(scene: Scene, receiver: DemoReceiver, context: CommandContext): Promise<AgentProcess> {
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
  return startAgentProcess(args, logFile(scene), context.signal);
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

/** Waits for one step, and not longer than anyone would. @throws AgentError when it does not come, or the agent ends */
async function step<T>(
  what: string,
  agent: AgentProcess,
  context: CommandContext,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(STEP_MS);
  const ended = agent.ended.then((reason) => {
    throw new AgentError('LISTEN', `the agent ended meanwhile (${reason})`);
  });
  try {
    return await Promise.race([run(AbortSignal.any([late, context.signal])), ended]);
  } catch (error) {
    if (late.aborted) throw new AgentError('DELIVERY', `${what} did not come within ${STEP_MS / 1000} s`);
    throw error;
  }
}

/** A message as it arrives, whatever it says. */
function tell(stage: Stage, { message, signed, at }: ReceivedMessage, since: number | undefined): void {
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
function explainSearch(stage: Stage, message: Message, scene: Scene): void {
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

async function showMetrics(stage: Stage, agent: AgentProcess, context: CommandContext): Promise<void> {
  const text = await (await fetch(`${agent.url}/metrics`, { signal: context.signal })).text();
  for (const line of text.split('\n')) if (shownMetrics.test(line)) stage.quote(line);
}

async function showApi(stage: Stage, scene: Scene, context: CommandContext): Promise<void> {
  if (Buffer.byteLength(socketFile(scene)) > 107) {
    stage.aside(`the API's file names are on a unix socket, whose name would be too long below ${scene.site.folder}`);
    return;
  }
  const answer = (await getJson(socketFile(scene), '/api/v1/files', context.signal)) as { items: ApiFile[] };
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
async function lookAround(
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
