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
}

export function createStage({ stdout, color }: CommandContext): Stage {
  const paint = painter(color);
  let number = 0;
  const line = (text: string) => stdout.write(`${text}\n`);
  return {
    title: (text) => line(paint('bold', text)),
    next(text) {
      number++;
      line(`\n${paint('bold', `${number}  ${printable(text)}`)}`);
    },
    say: (text) => line(`   ${printable(text)}`),
    after: (ms, text) => line(`   ${paint('green', `+${(ms / 1000).toFixed(2)} s`)}  ${printable(text)}`),
    aside: (text) => line(paint('dim', `   ${printable(text)}`)),
  };
}
