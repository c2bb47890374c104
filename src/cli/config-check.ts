import { loadSettings } from '../config/load.ts';
import { AgentError } from '../model/errors.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { counted, painter, printable } from './print.ts';
import { webConfigOption } from './settings.ts';

export const configCheck: Command = {
  name: 'config check',
  summary: 'say whether a configuration file is right, and everything that is not',
  operands: 'FILE',
  operandKind: 'file',
  details:
    'Reads the file as the agent would, with the secrets it names and the PMEMWATCH_ variables that are set, and changes\nnothing. Mistakes go to standard output, one a line, with line and column.',
  options: webConfigOption,
  examples: [
    { line: 'pmemwatch config check /etc/pmemwatch/pmemwatch.yml', shows: 'before a reload' },
    {
      line: 'pmemwatch config check pmemwatch.yml --web.config.file web.yml',
      shows: 'with certificates, users and limits',
    },
    {
      line: 'pmemwatch config check pmemwatch.yml && systemctl reload pmemwatch',
      shows: 'reload only what is right',
    },
  ],
  async run(args, context) {
    const [file, ...others] = args.operands;
    if (file === undefined || others.length > 0) throw usage('config check takes one FILE');
    const loaded = await loadSettings({ ...args.values, config: [file] }, { isTerminal: context.isTerminal });
    if ('problems' in loaded) {
      for (const problem of loaded.problems) context.stdout.write(`${printable(problem)}\n`);
      throw new AgentError(
        'CONFIG',
        `${counted(loaded.problems.length, 'mistake')} in ${file}: correct them and check again`,
      );
    }
    const { config, receivers, warnings, webFiles, webRules } = loaded.settings;
    for (const warning of warnings)
      context.stdout.write(`${painter(context.color)('yellow', 'warning')}: ${printable(warning)}\n`);
    context.stdout.write(
      `${printable(file)} is right: ${counted(receivers.length, 'receiver')}, ${counted(config.api.tokens.length, 'token')}\n`,
    );
    const [webFile] = webFiles;
    if (webFile !== undefined) {
      const tls = `TLS ${webRules.tls === undefined ? 'off' : 'on'}`;
      context.stdout.write(`${printable(webFile)} is right: ${tls}, ${counted(webRules.users.size, 'user')}\n`);
    }
    return 0;
  },
};
