import type { CommandContext, CommandPlatform } from '../../src/cli/command.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { commands } from '../../src/cli/commands.ts';
import type { Clock } from '../../src/ports.ts';
import { createHostTree } from '../fakes/host-tree.ts';
import { createScriptedDsm } from '../fakes/scripted-dsm.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const clock: Clock = {
  now: () => Date.parse('2026-11-23T14:02:07Z'),
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A platform over a described host; what a test does not expect to be asked fails. */
export function platformOf(
  host: Pick<CommandPlatform, 'sysfs' | 'procfs'>,
  parts: Partial<CommandPlatform> = {},
): CommandPlatform {
  return {
    sysfs: host.sysfs,
    procfs: host.procfs,
    dsm: createScriptedDsm(),
    scrubs: {
      whyNotWritable: () => Promise.reject(new Error('no scrub was to be asked for')),
      start: () => Promise.reject(new Error('no scrub was to be started')),
      setErrorScrub: () => Promise.reject(new Error('no setting was to be changed')),
      whyNotSearchable: () => Promise.reject(new Error('firmware was not to be asked')),
    },
    resolver: { resolve: () => Promise.reject(new Error('the resolver was not to be asked')) },
    check: () => Promise.reject(new Error('check was not to be asked')),
    close: async () => undefined,
    ...parts,
  };
}

/** Runs the real command line over what is handed in. */
export async function runCommand(
  words: readonly string[],
  given: Partial<Omit<CommandContext, 'stderr'>> & { platform?: CommandPlatform } = {},
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const { platform = platformOf(createHostTree('')), ...context } = given;
  const code = await runCommandLine(commands, words, {
    version: '1.2.3',
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: lines(''),
    isTerminal: false,
    showsProgress: false,
    color: false,
    signal: new AbortController().signal,
    clock,
    pageSize: 4096,
    readJournal: async () => ({ unread: 'no journal here' }),
    openPlatform: async () => platform,
    runAgent: () => Promise.reject(new Error('the agent was not to be started')),
    ...context,
  });
  return { code, stdout, stderr };
}

export async function* lines(text: string): AsyncGenerator<string> {
  yield text;
}
