import type { Command, CommandOption } from '../command.ts';
import { firstWords, HEADER, operandOf, optionsOf, optionValue, secondWords } from './words.ts';

export function fishCompletion(commands: readonly Command[]): string {
  const lines = [
    ...[...firstWords(commands)].map(([word, summary]) => line('__pmemwatch_is', `-a ${word} -d ${quoted(summary)}`)),
    line('__pmemwatch_is', `-l help -d ${quoted('how to use it')}`),
    line('__pmemwatch_is', `-l version -d ${quoted('which version this is')}`),
    ...[...secondWords(commands)].flatMap(([first, those]) =>
      those.map(({ name, summary }) =>
        line(`__pmemwatch_is ${first}`, `-a ${name.split(' ')[1]} -d ${quoted(summary)}`),
      ),
    ),
    ...commands.flatMap(linesOf),
  ];
  return `# fish completion for pmemwatch
# ${HEADER}

# Whether the words so far are a command, and nothing of it is missing: its second word, where it has two.
function __pmemwatch_is
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = help; and set -e words[1]
    if test (count $argv) -eq 0
        test (count $words) -eq 0
        return
    end
    set -l end (count $argv)
    test (count $words) -ge $end; or return 1
    test "$words[1..$end]" = "$argv"
end

complete -c pmemwatch -f
${lines.join('\n')}
`;
}

function linesOf(command: Command): string[] {
  const condition = `__pmemwatch_is ${command.name}`;
  const operand = operandOf(command);
  return [
    ...optionsOf(command).map(([name, option]) => line(condition, optionText(name, option))),
    ...(operand.kind === 'words' ? [line(condition, `-a ${quoted(operand.words.join(' '))}`)] : []),
    ...(operand.kind === 'file' ? [line(condition, '-F')] : []),
  ];
}

function optionText(name: string, option: CommandOption): string {
  const short = option.short === undefined ? '' : `-s ${option.short} `;
  const base = `${short}-l ${name} -d ${quoted(option.help)}`;
  if (option.type === 'boolean') return base;
  const value = optionValue(option);
  switch (value.kind) {
    case 'file':
      return `${base} -r -F`;
    case 'folder':
      return `${base} -x -a '(__fish_complete_directories)'`;
    case 'words':
      return `${base} -x -a ${quoted(value.words.join(' '))}`;
    case 'nothing':
      return `${base} -x`;
    default:
      return value satisfies never;
  }
}

function line(condition: string, rest: string): string {
  return `complete -c pmemwatch -n '${condition}' ${rest}`;
}
function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
