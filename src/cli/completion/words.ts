/** What all shells complete alike. */
import type { Command, CommandOption } from '../command.ts';

export const HEADER = 'Made from the commands of pmemwatch (`pmemwatch completion`, `npm run golden`). Do not edit.';

/** First words: commands, the beginnings of those of two words, and what stands alone. */
export function firstWords(commands: readonly Command[]): Map<string, string> {
  const words = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ');
    if (!words.has(first)) words.set(first, second === undefined ? summary : `${second}: ${summary}`);
  }
  return words.set('help', 'say more about a command');
}

/** Second words by first, of the commands that have two. */
export function secondWords(commands: readonly Command[]): Map<string, readonly Command[]> {
  return Map.groupBy(
    commands.filter(({ name }) => name.includes(' ')),
    ({ name }) => name.split(' ')[0] ?? '',
  );
}

export type Completed =
  | { readonly kind: 'file' | 'folder' | 'nothing' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export function optionValue({ value, values }: CommandOption): Completed {
  if (values !== undefined) return { kind: 'words', words: values };
  return { kind: value === 'FILE' ? 'file' : value === 'DIR' ? 'folder' : 'nothing' };
}
export function operandOf({ operandKind }: Command): Completed {
  if (operandKind === undefined) return { kind: 'nothing' };
  return operandKind === 'file' ? { kind: 'file' } : { kind: 'words', words: operandKind };
}

/** `--help` is an option of every command. */
export function optionsOf(command: Command): [string, CommandOption][] {
  return [...Object.entries(command.options), ['help', { type: 'boolean', help: 'how to use it' }]];
}
