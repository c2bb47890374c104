import { parseArgs } from 'node:util';
import { AgentError } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import type { Command, CommandArguments } from './command.ts';

/**
 * The options and operands of one command. Options are taken wherever they stand, until `--`.
 * @throws AgentError USAGE, one line that says what would be right
 */
export function readArguments(command: Command, words: readonly string[]): CommandArguments {
  const names = Object.keys(command.options);
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(command.options).map(([name, { type, short }]) => [
        name,
        { type, ...(short === undefined ? {} : { short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands: string[] = [];
  const flags = new Set<string>();
  const values: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(command.options, token.name) ? command.options[token.name] : undefined;
    if (option === undefined) throw unknownOption(token.rawName, names);
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw usage(`--${token.name} takes no value`);
      flags.add(token.name);
      continue;
    }
    const { value } = token;
    // `--state.file --json` is a forgotten value, not a file called --json
    if (value === undefined || (value.startsWith('--') && token.inlineValue !== true)) {
      throw usage(`--${token.name} needs a value: --${token.name} ${option.value ?? 'VALUE'}`);
    }
    const given = values[token.name] ?? [];
    if (given.length > 0 && option.repeatable !== true) throw usage(`--${token.name} is given twice: keep one`);
    values[token.name] = [...given, value];
  }
  return { operands, values, flag: (name) => flags.has(name) };
}

function unknownOption(raw: string, names: readonly string[]): AgentError {
  const meant = nearest(raw.replace(/^-+/, ''), names);
  return usage(`unknown option ${raw}${meant === undefined ? '' : `: did you mean --${meant}?`}`);
}

export function usage(message: string): AgentError {
  return new AgentError('USAGE', message);
}
