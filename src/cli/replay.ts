import { agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { counted, jsonText } from './print.ts';
import { whoAsks, whoOptions } from './who.ts';

export const replay: Command = {
  name: 'replay',
  summary: 'have the running agent send deliveries again, under the ids that they had',
  operands: '[ID]...',
  details: 'An ID as deliveries prints it; or with --receiver all of its dead letters, the oldest first.',
  options: {
    receiver: { type: 'string', value: 'NAME', help: 'the dead letters of this receiver' },
    ...whoOptions,
    ...apiOptions,
  },
  examples: [
    { line: 'pmemwatch replay 1042', shows: 'one delivery' },
    { line: 'pmemwatch replay --receiver oncall', shows: 'everything that oncall has refused or never took' },
  ],
  async run(args, context) {
    const receiver = args.values['receiver']?.at(-1);
    if ((receiver === undefined) === (args.operands.length === 0)) throw usage('it takes IDs, or --receiver NAME');
    const wrong = args.operands.find((id) => !/^\d{1,15}$/.test(id));
    if (wrong !== undefined) throw usage(`${wrong} is no ID of pmemwatch deliveries`);
    const api = await agentApi(args, context);
    const who = whoAsks(args);
    const ask = async (path: string): Promise<number> =>
      ((await api.post(path, who)) as { readonly replayed: number }).replayed;
    let replayed = 0;
    for (const id of args.operands) replayed += await ask(`/api/v1/deliveries/${id}/replay`);
    // they come in portions, none of them twice: what waits is no dead letter
    for (let more = receiver === undefined ? 0 : 1; more > 0; replayed += more) {
      more = await ask(`/api/v1/receivers/${encodeURIComponent(receiver ?? '')}/replay`);
    }
    const text = `${counted(replayed, 'delivery waits', 'deliveries wait')} to be sent again\n`;
    context.stdout.write(args.flag('json') ? jsonText({ replayed }) : text);
    return 0;
  },
};
