/** What `ack` and `close` have in common: whom it is about, who asks, and what came of it. */
import { AgentError } from '../model/errors.ts';
import { type AgentApi, agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { CommandArguments, CommandContext, CommandOption, ExitCode } from './command.ts';
import { type IncidentItem, placeOf } from './incident-item.ts';
import { jsonText, printable } from './print.ts';
import { authorOption, whoAsks } from './who.ts';

export const decisionOptions: Readonly<Record<string, CommandOption>> = {
  ...authorOption,
  reason: { type: 'string', value: 'TEXT', help: 'why; told to the receivers and kept in the history' },
  ...apiOptions,
};

type Decided = Pick<IncidentItem, 'id' | 'condition' | 'device'>;

/** Of the id, in characters: what is changed is not to be met by a slip of the finger. */
const LEAST_OF_ID = 6;

/** @throws AgentError USAGE when no incident or several have such an id; PROBE with the reason when the agent refuses */
export async function decide(
  what: { readonly path: 'acknowledge' | 'close'; readonly done: string; readonly body?: object },
  args: CommandArguments,
  context: CommandContext,
): Promise<ExitCode> {
  const [id, ...others] = args.operands;
  if (id === undefined || others.length > 0) throw usage('it takes one ID of pmemwatch incidents');
  const api = await agentApi(args, context);
  const whole = await oneIncident(api, id, LEAST_OF_ID);
  const decided = (await api.post(`/api/v1/incidents/${encodeURIComponent(whole)}/${what.path}`, {
    ...whoAsks(args),
    ...what.body,
  })) as Decided;
  const where = printable(placeOf(decided));
  context.stdout.write(
    args.flag('json')
      ? jsonText(decided)
      : `${what.done}: ${decided.id.slice(0, 12)} ${decided.condition} of ${where}\n`,
  );
  return 0;
}

/**
 * The whole id of the one incident whose id begins so.
 * @param least characters that are to be given of it
 * @throws AgentError USAGE when it is none, or several, or too short
 */
export async function oneIncident(api: AgentApi, id: string, least = 1): Promise<string> {
  const { items } = await api.list('/api/v1/incidents');
  const meant = (items as readonly Pick<Decided, 'id'>[]).filter((incident) => incident.id.startsWith(id));
  if (id.length < least) {
    const begin = meant.length === 1 ? '1 incident begins' : `${meant.length} incidents begin`;
    throw new AgentError('USAGE', `${id} is too short, ${begin} with it: give at least ${least} characters of the id`);
  }
  const [only, ...others] = meant;
  if (only === undefined)
    throw new AgentError('USAGE', `no incident has the id ${id}: pmemwatch incidents --all has them`);
  if (others.length > 0)
    throw new AgentError('USAGE', `${meant.length} incidents begin with ${id}: give more of the id`);
  return only.id;
}
