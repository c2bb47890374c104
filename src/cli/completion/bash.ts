import type { Command } from '../command.ts';
import { type Completed, firstWords, HEADER, operandOf, optionsOf, optionValue, secondWords } from './words.ts';

/** For bash 4 and later, without the package bash-completion. */
export function bashCompletion(commands: readonly Command[]): string {
  const seconds = [...secondWords(commands)].map(
    ([first, those]) => `    ${first}) words="${those.map(({ name }) => name.split(' ')[1]).join(' ')}" ;;`,
  );
  return `# bash completion for pmemwatch
# ${HEADER}

_pmemwatch() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=1 command words= operands= kind=nothing
  COMPREPLY=()
  # bash parts --status=dead at "="
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  [[ \${COMP_WORDS[1]} == help && COMP_CWORD -gt 1 ]] && at=2
  if (( COMP_CWORD == at )); then
    words="${[...firstWords(commands).keys()].join(' ')}"
    (( at == 1 )) && words+=" --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    return
  fi
  command=\${COMP_WORDS[at]}
  case $command in
${seconds.join('\n')}
  esac
  if [[ -n $words ]]; then
    if (( COMP_CWORD == at + 1 )); then
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
      return
    fi
    command+=" \${COMP_WORDS[at+1]}"
    words=
  fi
  case "$command $prev" in
${commands.flatMap(valueLines).join('\n')}
    *)
      case $command in
${commands.map(commandLine).join('\n')}
      esac
      [[ $cur == -* ]] || words=$operands
      ;;
  esac
  case $kind in
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
  esac
}
complete -F _pmemwatch pmemwatch
`;
}

function valueLines(command: Command): string[] {
  return Object.entries(command.options).flatMap(([name, option]) =>
    option.type === 'boolean' ? [] : [`    "${command.name} --${name}") ${answer(optionValue(option))} ;;`],
  );
}
function answer(completed: Completed): string {
  return completed.kind === 'words' ? `words="${completed.words.join(' ')}"` : `kind=${completed.kind}`;
}

function commandLine(command: Command): string {
  const options = optionsOf(command).flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
  const operand = operandOf(command);
  const operands = operand.kind === 'words' ? ` operands="${operand.words.join(' ')}"` : '';
  const files = operand.kind === 'file' ? ' [[ $cur == -* ]] || kind=file;' : '';
  return `        "${command.name}") words="${options.join(' ')}"${operands};${files} ;;`.replace(/;+ ;;$/, ' ;;');
}
