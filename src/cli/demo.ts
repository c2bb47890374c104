import { usage } from './arguments.ts';
import type { Command } from './command.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'break a real file on a simulated host and watch the alert arrive',
  operands: '',
  details:
    'Needs neither root nor persistent memory, touches nothing outside a temporary folder, and takes less than a minute. The\nfile, its file system and the agent are real; only sysfs is simulated. As root the search for the owner is the real one.',
  options: { keep: { type: 'boolean', help: 'leave everything running at the end, until Ctrl-C' } },
  examples: [
    { line: 'pmemwatch demo', shows: 'from error to "resolved"' },
    { line: 'pmemwatch demo --keep', shows: 'and look at /metrics and the API afterwards' },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`demo takes no operand: ${args.operands[0]}`);
    const { runDemo } = await import('../demo/demo.ts');
    return runDemo({ keep: args.flag('keep') }, context);
  },
};
