/** deploy/man/pmemwatch.1, made from the commands. */
import { bold, italic, roffText, section, tagged, title, verbatim } from '../config/roff.ts';
import type { Command, CommandOption } from './command.ts';
import { environment, exitCodes, files, signals } from './program-facts.ts';

export function manual(commands: readonly Command[]): string {
  return [
    `.\\" Made from the commands of pmemwatch by "npm run golden". Do not edit.`,
    title('pmemwatch', 1, 'User Commands'),
    section(
      'NAME',
      'pmemwatch \\- watch persistent memory for bad blocks, and say which file, process and DIMM slot was hit',
    ),
    section('SYNOPSIS', `${bold('pmemwatch')} ${italic('COMMAND')} [${italic('OPTION')}]...`),
    section(
      'DESCRIPTION',
      roffText(
        "The agent watches the kernel's bad-block lists and the health of NVDIMMs, works out which file, byte range, process and DIMM slot each bad sector belongs to, and tells people. The other commands ask the agent, or the machine itself. Sectors have 512 bytes.",
      ),
      '.PP',
      roffText(
        'Commands that ask the agent do so on its socket, unless --agent or PMEMWATCH_AGENT names an address. With --json they print one JSON document on standard output and nothing else. What comes from file names and labels is escaped where a terminal would obey it.',
      ),
    ),
    section('COMMANDS', ...commands.map(commandBlock)),
    section('EXIT STATUS', tagged(exitCodes.map(([code, text]) => [bold(code), text]))),
    section('SIGNALS', tagged(signals.map(([name, text]) => [bold(name), text]))),
    section('ENVIRONMENT', tagged(environment.map(([name, text]) => [bold(name), text]))),
    section('FILES', tagged(files.map(([name, text]) => [italic(name), text]))),
    section('EXAMPLES', commands.flatMap(exampleBlocks).join('\n.PP\n')),
    section('SEE ALSO', `${bold('pmemwatch.yml')}(5), ${bold('ndctl')}(1), ${bold('journalctl')}(1)`),
  ]
    .join('\n')
    .concat('\n');
}

function commandBlock(command: Command): string {
  const { name, operands, summary, details, options } = command;
  const usage = `.SS ${[bold(`pmemwatch ${name}`), operands === '' ? '' : italic(operands)].join(' ').trim()}`;
  const text = `${summary[0]?.toUpperCase()}${summary.slice(1)}. ${(details ?? '').replaceAll('\n', ' ')}`.trim();
  const rows = Object.entries(options).map(([option, what]): [string, string] => [term(option, what), helpText(what)]);
  return [usage, roffText(text), ...(rows.length === 0 ? [] : [tagged(rows)])].join('\n');
}

function term(name: string, { type, short, value = 'VALUE' }: CommandOption): string {
  const long = bold(`--${name}`);
  const both = short === undefined ? long : `${bold(`-${short}`)}, ${long}`;
  return type === 'boolean' ? both : `${both} ${italic(value)}`;
}
/** With what else there is to say of an option. */
export function helpText({ help, repeatable, default: value }: CommandOption): string {
  return `${help}${repeatable === true ? ' (repeatable)' : ''}${value ? ` [${value}]` : ''}`;
}

function exampleBlocks({ examples }: Command): string[] {
  return examples.map(({ line, shows }) => `${roffText(`${shows}:`)}\n.PP\n.RS\n${verbatim([line])}\n.RE`);
}
