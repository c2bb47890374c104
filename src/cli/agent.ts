import { loadSettings } from '../config/load.ts';
import { AgentError } from '../model/errors.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { counted, printable } from './print.ts';
import { agentOptions } from './settings.ts';

export const agent: Command = {
  name: 'agent',
  summary: 'watch this host, until told to stop',
  operands: '',
  details:
    'Every flag can also be set by an environment variable: --state.file by PMEMWATCH_STATE_FILE. docs/config.md\nlists the keys of the configuration file. SIGHUP reads the file again; SIGUSR2 asks for a scrub of every bus; SIGTERM ends after what is due was told.',
  options: agentOptions,
  examples: [
    { line: 'pmemwatch agent', shows: 'the defaults: metrics and API on 127.0.0.1:9915' },
    {
      line: 'pmemwatch agent --config /etc/pmemwatch/pmemwatch.yml --web.listen-address :9915',
      shows: 'reachable for Prometheus on another host',
    },
    { line: 'pmemwatch agent --path.sysfs /host/sys --path.procfs /host/proc', shows: 'in a container' },
  ],
  async run(args, context) {
    if (args.operands.length > 0) throw usage(`agent takes no operand: ${args.operands[0]}`);
    const loaded = await loadSettings(args.values, { isTerminal: context.isTerminal });
    if ('settings' in loaded) return context.runAgent(loaded.settings, args.values);
    const { problems } = loaded;
    if (problems.length === 1) throw new AgentError('CONFIG', problems[0] ?? '');
    for (const problem of problems) context.stderr.write(`${printable(problem)}\n`);
    throw new AgentError(
      'CONFIG',
      `${counted(problems.length, 'mistake')} in flags and configuration: correct them all`,
    );
  },
};
