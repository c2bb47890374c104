import type { PathRoots } from '../config/load.ts';
import { defaultConfig } from '../config/schema.ts';
import { AgentError, messageOf } from '../model/errors.ts';
import { type AdvicePolicy, defaultAdvicePolicy } from '../model/replacement-advice.ts';
import { apiOptions, apiOver } from './agent-api.ts';
import { connectionFor } from './agent-connection.ts';
import { isUnmet } from './agent-trouble.ts';
import { usage } from './arguments.ts';
import type { Command, CommandArguments, CommandContext } from './command.ts';
import { type Listing, listingOf } from './listing.ts';
import { listingOfAgent } from './listing-of-agent.ts';
import { listingText } from './listing-text.ts';
import { observeOnce } from './observe-once.ts';
import { agoText, jsonText, printable } from './print.ts';
import { pathOptions, rootsFor, settingsFor } from './settings.ts';

export const list: Command = {
  name: 'list',
  summary: 'show buses, DIMMs and their health, regions, namespaces, devices and their bad ranges',
  operands: '',
  details:
    'Asks the running agent, which may know more; without one it reads the lists itself, and says so on standard error. A bus that\n' +
    'nothing tells of errors (e820, virtio-pmem, CXL today) is shown as not monitored: its empty list proves nothing. Read directly,\n' +
    'whether a DIMM is to be replaced is judged by the section advice of the configuration.',
  options: {
    direct: {
      type: 'boolean',
      help: 'read the lists of this host itself, whether an agent runs or not; so do --path.*',
    },
    ...apiOptions,
    ...pathOptions,
  },
  examples: [
    { line: 'pmemwatch list', shows: 'everything, as a tree' },
    { line: 'pmemwatch list --direct', shows: 'what the kernel says at this moment' },
    {
      line: "pmemwatch list --json | jq '.buses[].regions[].namespaces[] | {device, bad: .badRanges.ranges}'",
      shows: 'the bad ranges of each device',
    },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`list takes no operand: ${args.operands[0]}`);
    const settings = await settingsOf(args, context);
    const listing = (await askAgent(args, settings, context)) ?? (await readDirectly(settings, context));
    context.stdout.write(args.flag('json') ? jsonText(listing) : listingText(listing, context.color));
    if (listing.complete) return 0;
    context.stderr.write(`pmemwatch list: not complete: ${printable(whyIncomplete(listing))}\n`);
    return 2;
  },
};

/** Undefined where the lists are to be read directly. @throws AgentError when the agent was asked for by name */
async function askAgent(
  args: CommandArguments,
  { socket }: ListSettings,
  context: CommandContext,
): Promise<Listing | undefined> {
  const elsewhere = Object.keys(args.values).find((name) => name.startsWith('path.'));
  if (args.flag('direct') || elsewhere !== undefined) {
    const agent = ['agent', 'socket'].find((name) => args.values[name] !== undefined);
    if (agent !== undefined) throw usage(`--${agent} and --${elsewhere ?? 'direct'} exclude each other: keep one`);
    return undefined;
  }
  const say = (text: string): void => void context.stderr.write(`pmemwatch list: ${printable(text)}\n`);
  let named = false;
  try {
    const connection = await connectionFor(args, context, async () => socket);
    named = connection.named;
    const listing = await listingOfAgent(apiOver(connection, context.signal));
    if (listing === undefined) {
      throw new AgentError('PROBE', `the agent on ${connection.name} has only just started: ask again soon`);
    }
    const { readAt } = listing;
    const age = readAt === null ? 'not all of it was read' : `read ${agoText(Date.parse(readAt), context.clock.now())}`;
    say(`as the agent on ${connection.name} knows it, ${age}`);
    return listing;
  } catch (error) {
    const isNoAnswer = error instanceof AgentError && (error.code === 'PROBE' || isUnmet(error));
    if (!isNoAnswer || named || context.signal.aborted) throw error;
    say(`read directly: ${error.message}`);
    return undefined;
  }
}

async function readDirectly({ roots, policy }: ListSettings, context: CommandContext): Promise<Listing> {
  const platform = await context.openPlatform(roots);
  try {
    const { topology, snapshot } = await observeOnce(platform, context);
    return listingOf(topology, snapshot, policy);
  } finally {
    await platform.close();
  }
}

interface ListSettings {
  readonly roots: PathRoots;
  readonly policy: AdvicePolicy;
  /** undefined when it is switched off */
  readonly socket: string | undefined;
}
/** A host is listed whatever is wrong with its configuration file, unless that file was asked for. */
async function settingsOf(args: CommandArguments, context: CommandContext): Promise<ListSettings> {
  try {
    const { roots, config } = await settingsFor(args, context);
    return { roots, policy: config.advice, socket: config.api.socket };
  } catch (error) {
    if (!isConfigMistake(error) || args.values['config'] !== undefined) throw error;
    const roots = rootsFor(args, context);
    context.stderr.write(
      `pmemwatch: warning: the configuration is not used, advice is by the limits that come with pmemwatch: ${messageOf(error)}\n`,
    );
    return { roots, policy: defaultAdvicePolicy, socket: defaultConfig().api.socket };
  }
}
function isConfigMistake(error: unknown): boolean {
  return error instanceof AgentError && error.code === 'CONFIG';
}

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
