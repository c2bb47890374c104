import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { byteText } from '../model/byte-text.ts';
import { AgentError } from '../model/errors.ts';
import { type AgentApi, agentApi, apiOptions } from './agent-api.ts';
import type { Command, CommandContext } from './command.ts';
import { counted, jsonText, printable } from './print.ts';
import { createProgressLine } from './progress.ts';

/** What of a scrub (`GET /api/v1/scrubs/{id}`) is shown. */
interface Run {
  readonly id: string;
  readonly bus: string;
  readonly status: 'requested' | 'running' | 'reading' | 'completed' | 'failed' | 'interrupted';
  readonly type: 'long' | 'unknown';
  readonly durationSeconds: number | null;
  readonly foundRanges: number;
  readonly foundBytes: number;
  readonly reason: string | null;
}
interface Asked {
  readonly items: readonly Run[];
  readonly refused: readonly { readonly bus: string; readonly reason: string }[];
}

const LOOK_MS = 1_000;
/** An agent that is started anew follows on where it was. */
const AWAY_MS = 60_000;

export const rescan: Command = {
  name: 'rescan',
  summary: 'have the running agent search whole buses for latent errors (ARS)',
  operands: '[BUS]...',
  details:
    'Without BUS every bus that can. It runs for minutes to hours beside everything else; what it finds is told as any other\nbad range. Exit code 0: asked for, or with --wait: all were seen through.',
  options: {
    wait: { type: 'boolean', help: 'show progress, and end with the scrub' },
    author: { type: 'string', value: 'NAME', help: 'who asks [the user who runs this]' },
    reason: { type: 'string', value: 'TEXT', help: 'why; kept in the history' },
    ...apiOptions,
  },
  examples: [
    { line: 'pmemwatch rescan', shows: 'asks for all, and returns at once' },
    { line: 'pmemwatch rescan ndbus0 --wait', shows: 'ends when the scrub has, and says what it found' },
  ],
  async run(args, context) {
    const api = await agentApi(args, context);
    const reason = args.values['reason']?.at(-1);
    const who = {
      author: args.values['author']?.at(-1) ?? userInfo().username,
      ...(reason === undefined ? {} : { reason }),
    };
    const asked = await ask(api, args.operands, who);
    const items = args.flag('wait') ? await seeThrough(api, asked.items, context) : asked.items;
    if (args.flag('json')) context.stdout.write(jsonText({ items, refused: asked.refused }));
    else context.stdout.write(text(items, asked.refused));
    const unfinished = args.flag('wait') && items.some(({ status }) => status !== 'completed');
    // without a name those that cannot are no failure
    return unfinished || (args.operands.length > 0 && asked.refused.length > 0) ? 2 : 0;
  },
};

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
      if (!(error instanceof AgentError) || buses.length === 1) throw error;
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
function isUnderWay({ status }: Run): boolean {
  return status === 'requested' || status === 'running' || status === 'reading';
}

function underWayText({ bus, status, durationSeconds, foundRanges }: Run): string {
  if (status === 'requested') return `${bus}: asking the kernel`;
  if (status === 'reading') return `${bus}: reading the lists`;
  const found = foundRanges === 0 ? '' : `, ${counted(foundRanges, 'bad range')} found`;
  return `${bus}: searching for ${durationText(durationSeconds ?? 0)}${found}`;
}

function text(items: readonly Run[], refused: Asked['refused']): string {
  const lines = items.map((run) => `${printable(run.bus)}: ${endText(run)}`);
  for (const { bus, reason } of refused) lines.push(`${printable(bus)}: not started: ${printable(reason)}`);
  return `${lines.join('\n')}\n`;
}
function endText(run: Run): string {
  const found =
    run.foundRanges === 0
      ? 'no new bad range'
      : `${counted(run.foundRanges, 'new bad range')}, ${byteText(run.foundBytes)}`;
  const why = run.reason === null ? '' : `: ${printable(run.reason)}`;
  switch (run.status) {
    case 'completed':
      return `searched in ${durationText(run.durationSeconds ?? 0)}, ${found}${run.type === 'long' ? '' : ` (maybe not in full${why})`}`;
    case 'failed':
    case 'interrupted':
      return `${run.status}${why}`;
    case 'requested':
    case 'running':
    case 'reading':
      return `scrub ${run.id} was asked for; pmemwatch events tells when it ends`;
    default:
      return run.status satisfies never;
  }
}
function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
