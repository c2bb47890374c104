import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../model/errors.ts';
import { type AgentApi, agentApi, apiOptions } from './agent-api.ts';
import { isAbsent, isUnmet } from './agent-trouble.ts';
import type { Command, CommandArguments, CommandContext } from './command.ts';
import { jsonText, printable } from './print.ts';
import { createProgressLine } from './progress.ts';
import { isUnderWay, rescanText, underWayText } from './rescan-text.ts';
import { pathOptions, rootsFor } from './settings.ts';
import { whoAsks, whoOptions } from './who.ts';

/** What of a scrub (`GET /api/v1/scrubs/{id}`) is shown. */
export interface Run {
  readonly id: string;
  readonly bus: string;
  readonly status: 'requested' | 'running' | 'reading' | 'completed' | 'failed' | 'interrupted';
  readonly type: 'long' | 'unknown';
  readonly durationSeconds: number | null;
  readonly foundRanges: number;
  readonly foundBytes: number;
  readonly reason: string | null;
}
export interface Asked {
  readonly items: readonly Run[];
  readonly refused: readonly { readonly bus: string; readonly reason: string }[];
}

const LOOK_MS = 1_000;
/** An agent that is started anew follows on where it was. */
const AWAY_MS = 60_000;

export const rescan: Command = {
  name: 'rescan',
  summary: 'search whole buses for latent errors (ARS)',
  operands: '[BUS]...',
  details:
    'Without BUS every bus that can. Asks the running agent, which follows the scrub and tells of its end; where none runs, the\nkernel itself (as root), and says so on standard error. It runs for minutes to hours beside everything else; what it finds is told as any other\nbad range. Exit code 0: asked for, or with --wait: all were searched in full.',
  options: {
    wait: { type: 'boolean', help: 'show progress, and end with the scrub' },
    ...whoOptions,
    ...apiOptions,
    ...pathOptions,
  },
  examples: [
    { line: 'pmemwatch rescan', shows: 'asks for all, and returns at once' },
    { line: 'pmemwatch rescan ndbus0 --wait', shows: 'ends when the scrub has, and says what it found' },
  ],
  async run(args, context) {
    const wait = args.flag('wait');
    const { items, refused } = await rescanned(args, wait, context);
    context.stdout.write(args.flag('json') ? jsonText({ items, refused }) : rescanText(items, refused));
    const unfinished = wait && items.some(({ status, type }) => status !== 'completed' || type !== 'long');
    // without a name those that cannot are no failure
    return unfinished || (args.operands.length > 0 && refused.length > 0) ? 2 : 0;
  },
};

async function rescanned(args: CommandArguments, wait: boolean, context: CommandContext): Promise<Asked> {
  const api = await agentApi(args, context);
  let asked: Asked;
  try {
    asked = await ask(api, args.operands, whoAsks(args));
  } catch (error) {
    // one that runs and cannot be asked would not know of it
    if (!(error instanceof AgentError) || !isAbsent(error) || api.connection.named) throw error;
    context.stderr.write(`pmemwatch rescan: asked of the kernel itself: ${printable(error.message)}\n`);
    const platform = await context.openPlatform(rootsFor(args, context));
    try {
      const { rescanDirectly } = await import('./rescan-direct.ts');
      return await rescanDirectly(args.operands, wait, platform, context);
    } finally {
      await platform.close();
    }
  }
  return wait ? { ...asked, items: await seeThrough(api, asked.items, context) } : asked;
}

async function ask(api: AgentApi, buses: readonly string[], who: object): Promise<Asked> {
  if (buses.length === 0) return (await api.post('/api/v1/scrubs', who)) as Asked;
  const items: Run[] = [];
  const refused: { bus: string; reason: string }[] = [];
  for (const bus of new Set(buses)) {
    try {
      const asked = (await api.post('/api/v1/scrubs', { ...who, bus })) as Asked;
      items.push(...asked.items);
    } catch (error) {
      // one that is refused alone is the answer; of several the others count
      if (!(error instanceof AgentError) || buses.length === 1 || isUnmet(error)) throw error;
      refused.push({ bus, reason: error.message });
    }
  }
  return { items, refused };
}

async function seeThrough(api: AgentApi, asked: readonly Run[], context: CommandContext): Promise<readonly Run[]> {
  const progress = createProgressLine(context);
  let items = asked;
  let answeredAt = context.clock.monotonic();
  while (items.some(isUnderWay)) {
    try {
      await sleep(LOOK_MS, undefined, { signal: context.signal });
      items = (await Promise.all(
        items.map((run) => (isUnderWay(run) ? api.get(`/api/v1/scrubs/${encodeURIComponent(run.id)}`) : run)),
      )) as Run[];
      answeredAt = context.clock.monotonic();
    } catch (error) {
      if (context.signal.aborted) {
        progress.clear();
        context.stderr.write('pmemwatch: not waited for any longer; the scrub goes on\n');
        return items;
      }
      if (context.clock.monotonic() - answeredAt > AWAY_MS) throw error;
    }
    progress.say(items.filter(isUnderWay).map(underWayText).join(', '));
  }
  progress.clear();
  return items;
}
