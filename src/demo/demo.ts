import { open, rm } from 'node:fs/promises';
import type { CommandContext, ExitCode } from '../cli/command.ts';
import { AgentError } from '../model/errors.ts';
import type { AgentProcess } from './agent-process.ts';
import { logFile, startAgent } from './demo-agent.ts';
import { startDemoReceiver } from './receiver.ts';
import { setScene } from './scene.ts';
import { explainSearch, lookAround, showApi, showMetrics, tell } from './shown.ts';
import { damage } from './site.ts';
import { createStage } from './stage.ts';

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
    const agent = await startAgent(scene, receiver, context.signal);
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
