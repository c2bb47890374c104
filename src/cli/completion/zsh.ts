import type { Command, CommandOption } from '../command.ts';
import { type Completed, firstWords, HEADER, operandOf, optionsOf, optionValue, secondWords } from './words.ts';

/** A function for a folder of `fpath`, or to be sourced after compinit. */
export function zshCompletion(commands: readonly Command[]): string {
  const single = commands.filter(({ name }) => !name.includes(' '));
  const groups = [...secondWords(commands)].map(
    ([first, those]) => `    ${first})
      if (( CURRENT == 3 )); then
        local -a seconds=(${those.map(({ name, summary }) => described(name.split(' ')[1] ?? '', summary)).join(' ')})
        _describe -t commands 'pmemwatch ${first}' seconds
        return
      fi
      case $words[3] in
${those.map((command) => argumentsOf(command, secondWord(command), '        ', 2)).join('\n')}
      esac
      ;;`,
  );
  return `#compdef pmemwatch
# ${HEADER}

_pmemwatch() {
  if (( CURRENT > 2 )) && [[ $words[2] == help ]]; then
    words=($words[1] \${words[3,-1]})
    (( CURRENT-- ))
  fi
  if (( CURRENT == 2 )); then
    local -a commands=(
${[...firstWords(commands)].map(([word, summary]) => `      ${described(word, summary)}`).join('\n')}
    )
    _describe -t commands 'pmemwatch command' commands
    _arguments '--help[how to use it]' '--version[which version this is]'
    return
  fi
  case $words[2] in
${single.map((command) => argumentsOf(command, command.name, '    ', 1)).join('\n')}
${groups.join('\n')}
  esac
}

if [[ $funcstack[1] == _pmemwatch ]]; then _pmemwatch "$@"; else compdef _pmemwatch pmemwatch; fi
`;
}

function secondWord({ name }: Command): string {
  return name.split(' ')[1] ?? '';
}

function argumentsOf(command: Command, word: string, indent: string, depth: number): string {
  const operand = operandOf(command);
  const specs = [
    ...optionsOf(command).flatMap(([name, option]) => optionSpec(name, option)),
    ...(command.operands === '' ? [] : [quoted(`*:${escaped(command.operands)}:${action(operand)}`)]),
  ];
  const lines = specs.map((spec) => `${indent}    ${spec}`).join(' \\\n');
  return `${indent}${word})
${indent}  shift ${depth} words; (( CURRENT -= ${depth} ))
${indent}  _arguments \\
${lines}
${indent}  ;;`;
}

function optionSpec(name: string, option: CommandOption): string[] {
  const { type, short, repeatable, value = 'VALUE', help } = option;
  const many = repeatable === true ? '*' : '';
  const text = `[${escaped(help)}]`;
  const argument = type === 'boolean' ? '' : `:${value}:${action(optionValue(option))}`;
  const long = quoted(`${many}--${name}${type === 'boolean' ? '' : '='}${text}${argument}`);
  return short === undefined ? [long] : [quoted(`-${short}${text}${argument}`), long];
}
function action(completed: Completed): string {
  switch (completed.kind) {
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'words':
      return `(${completed.words.join(' ')})`;
    case 'nothing':
      return ' ';
    default:
      return completed satisfies never;
  }
}

function described(word: string, summary: string): string {
  return quoted(`${word}:${summary}`);
}
/** What a specification of _arguments would read as its own. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
