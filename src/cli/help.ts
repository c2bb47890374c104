import type { Command } from './command.ts';
import { helpText } from './manual.ts';
import type { Paint } from './print.ts';
import { exitCodes } from './program-facts.ts';
import { aligned } from './table.ts';

export function programHelp(commands: readonly Command[], paint: Paint): string {
  const rows = commands.map((command) => [`${command.name} ${command.operands}`.trim(), command.summary]);
  return `pmemwatch watches persistent-memory bad blocks and says which file, process and DIMM slot was hit.

${paint('bold', 'Usage:')} pmemwatch COMMAND [OPTION]...

${paint('bold', 'Commands')}
${aligned(rows, '  ')}

${paint('bold', 'Exit codes')}
${aligned(exitCodes, '  ')}

pmemwatch COMMAND --help says more and shows examples. pmemwatch --version says which version this is.
`;
}

export function commandHelp(command: Command, paint: Paint): string {
  const options = Object.entries(command.options).map(([name, option]) => [
    `${option.short === undefined ? '' : `-${option.short}, `}--${name}${option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : ''}`,
    helpText(option),
  ]);
  const examples = command.examples.flatMap(({ line, shows }) => [`  ${paint('dim', `# ${shows}`)}`, `  ${line}`]);
  return [
    `${paint('bold', 'Usage:')} ${[`pmemwatch ${command.name}`, command.operands, '[OPTION]...'].filter((part) => part !== '').join(' ')}`,
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.${command.details === undefined ? '' : `\n${command.details}`}`,
    `${paint('bold', 'Options')}\n${aligned([...options, ['--help', 'this text']], '  ')}`,
    `${paint('bold', 'Examples')}\n${examples.join('\n')}`,
  ]
    .join('\n\n')
    .concat('\n');
}
