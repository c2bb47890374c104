import { agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { jsonText, printable } from './print.ts';
import { authorOption, whoAsks } from './who.ts';

interface Result {
  readonly receiver: string;
  readonly delivered: boolean;
  readonly reason: string | null;
  readonly tookSeconds: number;
}

/** The longest that a receiver may be waited for (`receivers[].timeout`), and some more. */
const PATIENCE_MS = 310_000;

export const receiversTest: Command = {
  name: 'receivers test',
  summary: 'have the running agent send a test message to a receiver',
  operands: 'NAME',
  details: 'Exit code 0: the receiver took it; 2: it did not, and why is said.',
  options: { ...authorOption, ...apiOptions },
  examples: [{ line: 'pmemwatch receivers test oncall', shows: 'NAME as in the configuration' }],
  async run(args, context) {
    const [name, ...others] = args.operands;
    if (name === undefined || others.length > 0) throw usage('it takes one NAME of a receiver');
    const api = await agentApi(args, context);
    const path = `/api/v1/receivers/${encodeURIComponent(name)}/test`;
    const result = (await api.post(path, whoAsks(args), PATIENCE_MS)) as Result;
    const took = `in ${result.tookSeconds.toFixed(2)} s`;
    const said = result.delivered ? `took the test message ${took}` : `did not take it: ${result.reason}`;
    context.stdout.write(args.flag('json') ? jsonText(result) : `${printable(`${result.receiver} ${said}`)}\n`);
    return result.delivered ? 0 : 2;
  },
};
