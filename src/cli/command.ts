import type { FlagValues, PathRoots, Settings } from '../config/load.ts';
import type { Clock, DsmCaller, KernelTree, ResolveProgress, Resolver, ScrubControl } from '../ports.ts';

/** 0 fine; 1 damage found (`check`); 2 not answered, not completely, or wrongly asked (design 4.1). */
export type ExitCode = 0 | 1 | 2;

export interface CommandOption {
  readonly type: 'boolean' | 'string';
  /** what stands for the value in the help: `FILE` */
  readonly value?: string;
  readonly repeatable?: true;
  /** one letter: `f` for `-f` */
  readonly short?: string;
  /** all that the value can be, for completion */
  readonly values?: readonly string[];
  readonly default?: string;
  readonly help: string;
}

export interface CommandExample {
  readonly line: string;
  readonly shows: string;
}

/** One word of the command line (or two, as `config check`): its help is made from what it says here. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** what follows the name, such as `DEVICE START[+COUNT]...`; '' when nothing does */
  readonly operands: string;
  /** what an operand can be, for completion; absent: nothing that a shell would know */
  readonly operandKind?: 'file' | readonly string[];
  readonly details?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly examples: readonly CommandExample[];
  /** @throws AgentError for what the outside did; USAGE when it was wrongly asked */
  run(args: CommandArguments, context: CommandContext): Promise<ExitCode>;
}

export interface CommandArguments {
  readonly operands: readonly string[];
  flag(name: string): boolean;
  /** the options with a value, as given: what was not given is absent */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

export interface Output {
  /** bytes are those of an archive */
  write(text: string | Uint8Array): unknown;
}

/** What a command meets of the process: everything is handed in. */
export interface CommandContext {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** whether standard output is a terminal */
  readonly isTerminal: boolean;
  /** whether standard error is one: progress is shown there and nowhere else */
  readonly showsProgress: boolean;
  readonly color: boolean;
  /** width of the terminal that standard output is, in columns; absent where it is none */
  readonly columns?: number;
  /** aborted by SIGINT and SIGTERM */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** of this kernel, in bytes: a bad-block list is at most one page */
  readonly pageSize: number;
  /** The newest lines of the agent's log in the journal of the host, or why they cannot be read. */
  readJournal(signal: AbortSignal): Promise<string | { readonly unread: string }>;
  openPlatform(roots: PathRoots): Promise<CommandPlatform>;
  /** Runs the agent until the signal; resolves when it has drained. @throws AgentError when it could not start */
  runAgent(settings: Settings, flags: FlagValues): Promise<ExitCode>;
}

/** The part of the linux platform that commands use (`linux/probe/client.ts` has it); `close` ends the process behind it. */
export interface CommandPlatform {
  readonly sysfs: KernelTree;
  readonly procfs: KernelTree;
  readonly dsm: DsmCaller;
  readonly scrubs: ScrubControl;
  readonly resolver: Resolver;
  /** Damaged byte ranges of files, told as they are found, as resolve/check.ts does. */
  check(
    job: { readonly paths: readonly string[]; readonly deadlineMs: number; readonly tellClean: boolean },
    onProgress: (progress: ResolveProgress) => void,
    signal: AbortSignal,
    onFiles: (files: readonly unknown[]) => Promise<void>,
  ): Promise<{ readonly complete: boolean; readonly looked: number }>;
  close(): Promise<void>;
}
