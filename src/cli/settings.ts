import { agentFlags, pathFlags, type SettingFlag } from '../config/flags.ts';
import { loadRoots, loadSettings, type PathRoots, type Settings } from '../config/load.ts';
import { AgentError } from '../model/errors.ts';
import { usage } from './arguments.ts';
import type { CommandArguments, CommandContext, CommandOption } from './command.ts';
import { counted, printable } from './print.ts';

type Options = Readonly<Record<string, CommandOption>>;

export function optionsOf(flags: readonly SettingFlag[]): Options {
  return Object.fromEntries(
    flags.map((flag): [string, CommandOption] => [
      flag.name,
      {
        type: 'string',
        value: flag.value,
        help: flag.help,
        ...(flag.default === '' ? {} : { default: flag.default }),
        ...(flag.repeatable === true ? { repeatable: true } : {}),
        ...(flag.values === undefined ? {} : { values: flag.values }),
      },
    ]),
  );
}

/** Every flag of the agent. */
export const agentOptions: Options = optionsOf(agentFlags);
/** `--path.*`: for commands that look at the machine themselves. */
export const pathOptions: Options = optionsOf(pathFlags);
export const webConfigOption: Options = optionsOf(agentFlags.filter(({ name }) => name === 'web.config.file'));
export const configOption: Options = optionsOf(agentFlags.filter(({ name }) => name === 'config'));

/**
 * Settings for a command that can do without a configuration file: one that this user may not read is passed over.
 * @throws AgentError CONFIG, one line, when there are mistakes
 */
export async function settingsFor(args: CommandArguments, context: CommandContext): Promise<Settings> {
  const loaded = await loadSettings(args.values, { isTerminal: context.isTerminal, defaultFileOptional: true });
  if ('settings' in loaded) {
    warn(loaded.settings.warnings, context);
    return loaded.settings;
  }
  const [first = '', ...others] = loaded.problems;
  const more =
    others.length === 0 ? '' : ` (and ${counted(others.length, 'more mistake')}: pmemwatch config check shows all)`;
  throw new AgentError('CONFIG', printable(first) + more);
}

/** Where the kernel's trees are. @throws AgentError USAGE */
export function rootsFor(args: CommandArguments, context: CommandContext): PathRoots {
  const loaded = loadRoots(args.values);
  if ('problem' in loaded) throw usage(loaded.problem);
  warn(loaded.warnings, context);
  return loaded.roots;
}

function warn(warnings: readonly string[], { stderr }: CommandContext): void {
  for (const warning of warnings) stderr.write(`pmemwatch: warning: ${printable(warning)}\n`);
}
