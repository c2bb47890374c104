import type { Command } from './command.ts';
import { decide, decisionOptions } from './decide.ts';

export const close: Command = {
  name: 'close',
  summary: 'end an incident that no reading shows any more',
  operands: 'ID',
  details:
    'For what cannot be confirmed, such as a bad range after a reboot on a bus without scrubs. The agent refuses while a\n' +
    'reading still shows what the incident is about; damage that is seen again opens a new one. At least six characters of the ID, as many as tell it from others.',
  options: decisionOptions,
  examples: [
    { line: 'pmemwatch close 0123456789ab --reason "module replaced"', shows: 'an ID as incidents prints it' },
  ],
  run: (args, context) => decide({ path: 'close', done: 'closed' }, args, context),
};
