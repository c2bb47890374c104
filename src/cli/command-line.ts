import { AgentError } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import { readArguments, usage } from './arguments.ts';
import type { Command, CommandContext, ExitCode } from './command.ts';
import { painter, printable } from './print.ts';

/**
 * Runs what was asked for. What the outside did wrong is one line on standard error and exit code 2; a bug is thrown.
 * @param words what follows the name of the program
 */
export async function runCommandLine(
  commands: readonly Command[],
  words: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const paint = painter(context.color);
  let running: Command | undefined;
  try {
    if (words[0] === '--version') {
      context.stdout.write(`pmemwatch ${context.version}\n`);
      return 0;
    }
    const [first] = words;
    if (first === '--help' || first === '-h' || (first === 'help' && words.length === 1)) {
      context.stdout.write((await import('./help.ts')).programHelp(commands, paint));
      return 0;
    }
    const rest = first === 'help' ? words.slice(1) : words;
    const group = groupOf(commands, rest);
    if (group.length > 0 && (first === 'help' || asksForHelp(rest))) {
      context.stdout.write((await import('./help.ts')).programHelp(group, paint));
      return 0;
    }
    running = commandOf(commands, rest);
    const own = rest.slice(running.name.split(' ').length);
    if (first === 'help' || asksForHelp(own)) {
      context.stdout.write((await import('./help.ts')).commandHelp(running, paint));
      return 0;
    }
    return await keptAlive(running.run(readArguments(running, own), context));
  } catch (error) {
    if (context.signal.aborted) context.stderr.write('pmemwatch: interrupted: run it again for a whole answer\n');
    else if (error instanceof AgentError) context.stderr.write(errorLine(error, running));
    else throw error;
    return 2;
  }
}

/** Probe processes and their deadlines keep no process alive; the one who waits for an answer has to. */
async function keptAlive<T>(running: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1_000_000_000);
  try {
    return await running;
  } finally {
    clearInterval(timer);
  }
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h');
}

function errorLine(error: AgentError, command: Command | undefined): string {
  const name = command === undefined ? '' : ` ${command.name}`;
  const advice = error.code === 'USAGE' ? ` (pmemwatch${name} --help shows how)` : '';
  return `pmemwatch${name}: ${printable(error.message)}${advice}\n`;
}

/** The commands of two words that begin with this one, where it is none by itself: `config`. */
function groupOf(commands: readonly Command[], [first, second]: readonly string[]): readonly Command[] {
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  return group.some(({ name }) => name === `${first} ${second}`) ? [] : group;
}

function commandOf(commands: readonly Command[], words: readonly string[]): Command {
  const found = commands.find(({ name }) => name.split(' ').every((word, i) => word === words[i]));
  if (found !== undefined) return found;
  const [first] = words;
  if (first === undefined) throw usage('which command?');
  const longer = groupOf(commands, words);
  if (longer.length > 0) throw usage(`${first} goes on: ${longer.map(({ name }) => name).join(' or ')}`);
  const meant = nearest(
    first,
    commands.map(({ name }) => name),
  );
  const what = first.startsWith('-') ? 'option' : 'command';
  throw usage(`unknown ${what} ${first}${meant === undefined ? '' : `: did you mean ${meant}?`}`);
}
