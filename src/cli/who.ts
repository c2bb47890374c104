import { userInfo } from 'node:os';
import type { CommandArguments, CommandOption } from './command.ts';

export const authorOption: Readonly<Record<string, CommandOption>> = {
  author: { type: 'string', value: 'NAME', help: 'who asks [the user who runs this]' },
};
export const whoOptions: Readonly<Record<string, CommandOption>> = {
  ...authorOption,
  reason: { type: 'string', value: 'TEXT', help: 'why; kept in the history' },
};

/** Who asks the agent, and why: what it wants to know with every change. */
export function whoAsks(args: CommandArguments): { readonly author: string; readonly reason?: string } {
  const reason = args.values['reason']?.at(-1);
  return {
    author: args.values['author']?.at(-1) ?? userName(),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The user who runs this, as others know him; by number where the system has no name for him. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // no line in passwd, as in a container that runs under a number
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
