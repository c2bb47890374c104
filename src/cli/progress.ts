import type { ResolveProgress } from '../ports.ts';
import type { CommandContext } from './command.ts';
import { printable } from './print.ts';

export interface ProgressLine {
  show(progress: ResolveProgress): void;
  say(text: string): void;
  /** Leaves no trace of it, so that what follows starts on a clean line. */
  clear(): void;
}

/** At most so often, so that a fast search does not spend its time on a terminal. */
const EVERY_MS = 100;

/** One line on standard error that is rewritten while something runs; nothing when that is not a terminal. */
export function createProgressLine(context: CommandContext): ProgressLine {
  let last = Number.NEGATIVE_INFINITY;
  let shown = false;
  function say(text: string): void {
    if (!context.showsProgress || context.clock.monotonic() - last < EVERY_MS) return;
    last = context.clock.monotonic();
    shown = true;
    context.stderr.write(`\r\u001b[K${printable(text)}`);
  }
  return {
    say,
    show({ phase, done, total }) {
      say(`${phase} ${total === undefined || total === 0 ? `${done}` : `${Math.floor((100 * done) / total)} %`}`);
    },
    clear() {
      if (shown) context.stderr.write('\r\u001b[K');
      shown = false;
    },
  };
}
