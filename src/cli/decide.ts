/** What `ack` and `close` have in common: whom it is about, who asks, and what came of it. */
import { AgentError } from '../model/errors.ts';
import { agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { CommandArguments, CommandContext, CommandOption, ExitCode } from './command.ts';
import { jsonText, printable } from './print.ts';
import { whoAsks } from './who.ts';

export const decisionOptions: Readonly<Record<string, CommandOption>> = {
  author: { type: 'string', value: 'NAME', help: 'who asks [the user who runs this]' },
  reason: { type: 'string', value: 'TEXT', help: 'why; told to the receivers and kept in the history' },
  ...apiOptions,
};

interface Decided {
  readonly id: string;
  readonly condition: string;
  readonly device: { readonly name: string; readonly ndNamespace: string; readonly ndRegion: string };
}

/** @throws AgentError USAGE when no incident or several have such an id; PROBE with the reason when the agent refuses */
export async function decide(
  what: { readonly path: 'acknowledge' | 'close'; readonly done: string; readonly body?: object },
  args: CommandArguments,
  context: CommandContext,
): Promise<ExitCode> {
  const [id, ...others] = args.operands;
  if (id === undefined || others.length > 0) throw usage('it takes one ID of pmemwatch incidents');
  const api = await agentApi(args, context);
  const { items } = await api.list('/api/v1/incidents');
  const whole = oneOf(id, items as readonly Decided[]);
  const reason = args.values['reason']?.at(-1);
  const decided = (await api.post(`/api/v1/incidents/${encodeURIComponent(whole)}/${what.path}`, {
    author: args.values['author']?.at(-1) ?? whoAsks(),
    ...(reason === undefined ? {} : { reason }),
    ...what.body,
  })) as Decided;
  const { name, ndNamespace, ndRegion } = decided.device;
  const where = printable(name || ndNamespace || ndRegion);
  context.stdout.write(
    args.flag('json')
      ? jsonText(decided)
      : `${what.done}: ${decided.id.slice(0, 12)} ${decided.condition} of ${where}\n`,
  );
  return 0;
}

function oneOf(id: string, all: readonly Decided[]): string {
  const meant = all.filter((incident) => incident.id.startsWith(id));
  const [only, ...others] = meant;
  if (only === undefined)
    throw new AgentError('USAGE', `no incident has the id ${id}: pmemwatch incidents --all has them`);
  if (others.length > 0)
    throw new AgentError('USAGE', `${meant.length} incidents begin with ${id}: give more of the id`);
  return only.id;
}
