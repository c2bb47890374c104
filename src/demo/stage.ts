import type { CommandContext } from '../cli/command.ts';
import { painter, printable } from '../cli/print.ts';

/** The demo's voice: numbered stages with what happens under them. */
export interface Stage {
  title(text: string): void;
  next(text: string): void;
  say(text: string): void;
  /** What came `ms` after its cause. */
  after(ms: number, text: string): void;
  aside(text: string): void;
  /** as it came, on one line */
  quote(text: string): void;
}

/** Prose is broken here on a terminal; what is read by a program is left whole. */
const WIDTH = 110;

export function createStage({ stdout, color, isTerminal }: CommandContext): Stage {
  const paint = painter(color);
  let number = 0;
  const line = (text: string) => stdout.write(`${text}\n`);
  const prose = (text: string) => (isTerminal ? wrapped(printable(text), WIDTH, '   ') : [printable(text)]);
  return {
    title: (text) => line(paint('bold', text)),
    next(text) {
      number++;
      line(`\n${paint('bold', `${number}  ${printable(text)}`)}`);
    },
    say(text) {
      for (const part of prose(text)) line(`   ${part}`);
    },
    after: (ms, text) => line(`   ${paint('green', `+${(ms / 1000).toFixed(2)} s`)}  ${printable(text)}`),
    quote: (text) => line(paint('dim', `   ${printable(text)}`)),
    aside(text) {
      for (const part of prose(text)) line(paint('dim', `   ${part}`));
    },
  };
}

/** Broken between words; a word that is longer than a line stays whole, for it may be a path that someone copies. */
export function wrapped(text: string, width: number, indent: string): string[] {
  const lead = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of text.trimStart().split(' ')) {
    const start = lines.length === 0 ? lead : lead + indent;
    if (current !== '' && start.length + current.length + 1 + word.length > width) {
      lines.push(start + current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  lines.push((lines.length === 0 ? lead : lead + indent) + current);
  return lines;
}
