import type { PathRoots } from '../config/load.ts';
import type { Snapshot } from '../model/badblocks.ts';
import { AgentError, messageOf } from '../model/errors.ts';
import { type AdvicePolicy, defaultAdvicePolicy } from '../model/replacement-advice.ts';
import type { Topology } from '../model/topology.ts';
import type { Logger } from '../ports.ts';
import { usage } from './arguments.ts';
import type { Command, CommandArguments, CommandContext, CommandPlatform } from './command.ts';
import { type Listing, listingOf } from './listing.ts';
import { listingText } from './listing-text.ts';
import { jsonText, printable } from './print.ts';
import { configOption, pathOptions, rootsFor, settingsFor } from './settings.ts';

/** How long one list may take; the agent has a setting for it, a person at a terminal waits less. */
const DEADLINE_MS = 10_000;

export const list: Command = {
  name: 'list',
  summary: 'show buses, DIMMs and their health, regions, namespaces, devices and their bad ranges',
  operands: '',
  details:
    'Works without the agent. A bus that nothing tells of errors (e820, virtio-pmem, CXL today) is shown as not monitored:\nits empty list proves nothing. Whether a DIMM is to be replaced is judged by the section advice of the configuration.',
  options: { json: { type: 'boolean', help: 'one JSON document instead of text' }, ...configOption, ...pathOptions },
  examples: [
    { line: 'pmemwatch list', shows: 'everything, as a tree' },
    {
      line: "pmemwatch list --json | jq '.buses[].regions[].namespaces[] | {device, bad: .badRanges.ranges}'",
      shows: 'the bad ranges of each device',
    },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`list takes no operand: ${args.operands[0]}`);
    const { roots, policy } = await settingsOf(args, context);
    const platform = await context.openPlatform(roots);
    try {
      const { discover } = await import('../discover/discover.ts');
      const topology = await discover(platform);
      const listing = listingOf(topology, await observeOnce(topology, platform, context), policy);
      context.stdout.write(args.flag('json') ? jsonText(listing) : listingText(listing, context.color));
      if (listing.complete) return 0;
      context.stderr.write(`pmemwatch list: not complete: ${printable(whyIncomplete(listing))}\n`);
      return 2;
    } finally {
      await platform.close();
    }
  },
};

/** A host is listed whatever is wrong with its configuration file, unless that file was asked for. */
async function settingsOf(
  args: CommandArguments,
  context: CommandContext,
): Promise<{ readonly roots: PathRoots; readonly policy: AdvicePolicy }> {
  try {
    const { roots, config } = await settingsFor(args, context);
    return { roots, policy: config.advice };
  } catch (error) {
    if (!isConfigMistake(error) || args.values['config'] !== undefined) throw error;
    const roots = rootsFor(args, context);
    context.stderr.write(
      `pmemwatch: warning: the configuration is not used, advice is by the limits that come with pmemwatch: ${messageOf(error)}\n`,
    );
    return { roots, policy: defaultAdvicePolicy };
  }
}
function isConfigMistake(error: unknown): boolean {
  return error instanceof AgentError && error.code === 'CONFIG';
}

async function observeOnce(topology: Topology, platform: CommandPlatform, context: CommandContext): Promise<Snapshot> {
  const [{ createObserver }, { createHealthObserver }] = await Promise.all([
    import('../observe/observe.ts'),
    import('../observe/health/health-observer.ts'),
  ]);
  const { clock, pageSize } = context;
  const config = { badBlocksMs: DEADLINE_MS, deviceDeadlineMs: DEADLINE_MS, pageSize, jitter: () => 0 };
  const observer = createObserver({ sysfs: platform.sysfs, clock, config, onReading: () => undefined, log: silent });
  const health = createHealthObserver({
    sysfs: platform.sysfs,
    dsm: platform.dsm,
    clock,
    config: { healthMs: DEADLINE_MS, healthAlarmMs: DEADLINE_MS, deviceDeadlineMs: DEADLINE_MS, jitter: () => 0 },
    onReading: () => undefined,
    log: silent,
  });
  try {
    observer.update(topology);
    health.update(topology);
    await Promise.all([observer.settled(), health.settled()]);
    return { ...observer.latest(topology), health: health.latest() };
  } finally {
    health.stop();
    observer.stop();
  }
}

/** What cannot be read is in the listing itself. */
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

function whyIncomplete(listing: Listing): string {
  const [problem] = listing.problems;
  if (problem !== undefined) return `${problem.subject}: ${problem.reason}`;
  const regions = listing.buses.flatMap((bus) => bus.regions);
  const bad = regions.flatMap((region) => [region.badRanges, ...region.namespaces.map((n) => n.badRanges)]);
  const [list] = bad.flatMap((ranges) => (ranges?.complete === false ? ranges.reasons : []));
  if (list !== undefined) return list;
  const [health] = listing.buses.flatMap(({ dimms }) => dimms.filter((dimm) => dimm.health?.readable === 'no'));
  return health === undefined ? 'some lists could not be read' : `${health.name}: ${health.health?.reason}`;
}
