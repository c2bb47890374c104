/** A simulated host whose pmem0 is a real disk, with a file of known place on it, and the agent on it, to be broken and killed. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { laySimulatedHost } from '../../src/demo/simulated-host.ts';
import { candidateFolders, damage, tryParent, writeVictim } from '../../src/demo/site.ts';
import { type Run, run } from '../../src/model/extent.ts';
import { sectorsCovering, wholeSectors } from '../../src/model/units.ts';
import { type Agent, runProgram, startAgent } from '../e2e/agent-process.ts';
import { startReceiver } from '../e2e/receiver.ts';

export const token = { name: 'ops', secret: 'a-token-for-the-browser' } as const;

export interface LiveHost {
  readonly victim: string;
  /** address of the page; the same after a restart */
  readonly url: string;
  /** Lets the kernel list this many pages of the file, or nothing. */
  damage(pages: 0 | 1 | 2): Promise<void>;
  /** It takes connections and answers nothing, as one that hangs. */
  suspend(): void;
  resume(): void;
  kill(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error when no file system here can play pmem */
export async function startLiveHost(): Promise<LiveHost> {
  const site = await findSite();
  const { folder } = site;
  const closers: (() => Promise<unknown> | unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const each of closers.reverse()) await each();
  };
  try {
    // as root the agent's half is an ordinary user: it must get at its socket and state
    chmodSync(folder, 0o777);
    const victim = await writeVictim(folder);
    const host = await laySimulatedHost(folder, site.device);
    closers.push(host.playScrub());
    // held open, so that a process is named
    const held = await open(victim, 'r');
    closers.push(() => held.close());
    const bad = await sectorsOf(victim, host, site.device.size);
    const receiver = await startReceiver();
    closers.push(() => receiver.close());
    const work = join(folder, 'agent');
    mkdirSync(work, { recursive: true });
    chmodSync(work, 0o777);
    const hash = createHash('sha256').update(token.secret).digest('hex');
    const config = `api:
  tokens: [{ name: ${token.name}, scope: operate, hash: "sha256:${hash}" }]
poll: { bad_blocks: 1s }
resolve: { walk_roots: [${JSON.stringify(join(folder, 'pg'))}] }
notify: { group_wait: 0s }
receivers: [{ name: oncall, type: webhook, url: ${JSON.stringify(receiver.url)} }]
`;
    // a machine that is busy with other tests can take longer than anybody waits
    const start = (more: readonly string[]): Promise<Agent> => {
      const once = () => startAgent(work, host, config, more);
      return once().catch(once);
    };
    let agent = await start([]);
    const { url } = agent;
    closers.push(() => agent.kill('SIGKILL'));
    return {
      victim,
      url,
      damage: (pages) => host.setBadSectors(pages === 0 ? [] : [run(bad.start, bad.count * pages)]),
      suspend: () => void process.kill(agent.pid, 'SIGSTOP'),
      resume: () => void process.kill(agent.pid, 'SIGCONT'),
      kill: async () => void (await agent.kill('SIGKILL')),
      async restart() {
        agent = await start(['--web.listen-address', new URL(url).host]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function findSite() {
  const refusals: string[] = [];
  for (const parent of await candidateFolders()) {
    const site = await tryParent(parent);
    if (!('unfit' in site)) return site;
    refusals.push(`${parent} ${site.unfit}`);
  }
  throw new Error(`no file system here tells where a file lies: ${refusals.join('; ')}`);
}

/** Asked as users ask: on a pmem0 that is bad from end to end, `check` tells of every byte in which sector it lies. */
async function sectorsOf(
  victim: string,
  host: Awaited<ReturnType<typeof laySimulatedHost>>,
  size: number,
): Promise<Run> {
  await host.setBadSectors([run(0, size)]);
  const paths = ['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev];
  const { stdout, stderr } = await runProgram(['src/main.ts', 'check', victim, '--json', ...paths]);
  await host.setBadSectors([]);
  const { files } = JSON.parse(stdout) as { files: { ranges: { offset: number; length: number; start: number }[] }[] };
  const range = files[0]?.ranges.find(
    ({ offset, length }) => offset <= damage.offset && damage.offset + damage.length <= offset + length,
  );
  if (range === undefined) throw new Error(`check does not tell where the file lies: ${stdout} ${stderr}`);
  return run(range.start + wholeSectors(damage.offset - range.offset), sectorsCovering(damage.offset, damage.length));
}
