import { parseDuration } from '../config/duration.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { decide, decisionOptions } from './decide.ts';

export const ack: Command = {
  name: 'ack',
  summary: 'take an incident on: from now on only growth and its end are told',
  operands: 'ID',
  details: 'At least six characters of the ID, as many as tell it from others.',
  options: {
    expires: { type: 'string', value: 'DURATION', help: 'for how long, such as 4h [until it ends]' },
    ...decisionOptions,
  },
  examples: [
    { line: 'pmemwatch ack 0123456789ab --reason "restoring from the standby"', shows: 'an ID as incidents prints it' },
    { line: 'pmemwatch ack 0123456789ab --expires 4h', shows: 'all is told again after four hours' },
  ],
  async run(args, context) {
    const text = args.values['expires']?.at(-1);
    const ms = text === undefined ? undefined : parseDuration(text);
    if (text !== undefined && (ms === undefined || ms === 0)) {
      throw usage(`--expires ${text} is not a duration such as 90m, 4h or 1d`);
    }
    const body = ms === undefined ? {} : { expiresAt: new Date(context.clock.now() + ms).toISOString() };
    return decide({ path: 'acknowledge', done: 'acknowledged', body }, args, context);
  },
};
