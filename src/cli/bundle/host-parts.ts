/** What this machine says to whoever runs the command, and with which versions of what. */
import { readFile } from 'node:fs/promises';
import {
  arch,
  availableParallelism,
  version as kernelBuild,
  loadavg,
  machine,
  release,
  totalmem,
  uptime,
} from 'node:os';
import type { PathRoots } from '../../config/load.ts';
import { AgentError } from '../../model/errors.ts';
import { defaultAdvicePolicy } from '../../model/replacement-advice.ts';
import type { Topology } from '../../model/topology.ts';
import type { KernelTree } from '../../ports.ts';
import type { CommandContext } from '../command.ts';
import { listingOf } from '../listing.ts';
import { observeOnce } from '../observe-once.ts';
import { type Gathered, gather } from './part.ts';

const READ_MS = 5_000;
/** Longer than the deadlines of all readings, which run beside each other. */
const DEADLINE_MS = 45_000;

export async function hostParts(roots: PathRoots, context: CommandContext): Promise<readonly Gathered[]> {
  return [
    await gather('host/versions.json', 'versions of pmemwatch, Node.js, kernel and system', READ_MS, async () => ({
      content: await versions(context),
    })),
    await gather('host/limits.txt', 'limits of the process that made this', READ_MS, async () => ({
      content: await readFile('/proc/self/limits', 'utf8'),
    })),
    await gather('log/agent.log', "the agent's log, from the journal", DEADLINE_MS, async () => {
      const log = await context.readJournal(context.signal);
      if (typeof log === 'string') return { content: log, note: 'the newest 5000 lines at most' };
      throw new AgentError('PROBE', log.unread);
    }),
    ...(await readings(roots, context)),
  ];
}

async function versions({ version, pageSize }: CommandContext): Promise<object> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    pmemwatch: version,
    node: process.versions,
    kernel: { release: release(), build: kernelBuild(), machine: machine(), arch: arch() },
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? null,
    pageSize,
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    loadAverage: loadavg(),
    uptimeSeconds: uptime(),
    root: process.getuid?.() === 0,
  };
}

/** Both by one probe process: one that hangs is left behind with it. */
async function readings(roots: PathRoots, context: CommandContext): Promise<readonly Gathered[]> {
  const platform = await context.openPlatform(roots);
  const observed = observeOnce(platform, context);
  // each of the two waits for it, and says itself why it has nothing
  observed.catch(() => undefined);
  try {
    return await Promise.all([
      gather(
        'host/listing.json',
        'what `pmemwatch list --direct` shows, with health of modules',
        DEADLINE_MS,
        async () => {
          const { topology, snapshot } = await observed;
          return { content: listingOf(topology, snapshot, defaultAdvicePolicy) };
        },
      ),
      gather(
        'host/kernel-files.json',
        'bad-block lists and states of scrubs as the kernel writes them',
        DEADLINE_MS,
        async () => ({
          content: await kernelFiles(platform.sysfs, (await observed).topology),
        }),
      ),
    ]);
  } finally {
    await platform.close();
  }
}

async function kernelFiles(sysfs: KernelTree, topology: Topology): Promise<object> {
  const nd = 'bus/nd/devices';
  const files = [
    ...topology.buses.flatMap(({ name }) => [
      `${nd}/${name}/provider`,
      `${nd}/${name}/nfit/scrub`,
      `${nd}/${name}/nfit/hw_error_scrub`,
    ]),
    ...topology.regions.map(({ name }) => `${nd}/${name}/badblocks`),
    ...topology.blockDevices.filter(({ hasBadblocks }) => hasBadblocks).map(({ name }) => `block/${name}/badblocks`),
    ...topology.dimms.flatMap(({ name }) => [
      `${nd}/${name}/flags`,
      `${nd}/${name}/commands`,
      `${nd}/${name}/nfit/flags`,
      `${nd}/${name}/nfit/dsm_mask`,
    ]),
  ];
  const read = await Promise.all(
    files.map(async (file): Promise<[string, unknown]> => {
      const found = await sysfs.read(file, { deadlineMs: READ_MS });
      if (found.kind === 'ok') return [file, new TextDecoder().decode(found.data)];
      return [file, found.kind === 'stuck' ? { stuckAfterMs: found.afterMs } : { errno: found.errno }];
    }),
  );
  return Object.fromEntries(read);
}
