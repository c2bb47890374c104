import { AgentError, type ErrorCode } from '../../model/errors.ts';
import type { Clock, DsmCaller, FileRead, KernelTree, Logger, Resolver, ScrubControl } from '../../ports.ts';
import type { TreeName } from './access.ts';
import type { ProbeConnector } from './conversation.ts';
import { createFleet } from './fleet.ts';
import { createProbeJobs, type ProbeJobs } from './jobs.ts';
import type { DsmAnswer, FileOperation, ProbeHello } from './protocol.ts';
import { createFileReader, type FileAnswer } from './reader.ts';
import { createScrubControl } from './scrub-control.ts';

/** What the listening process has of the world: everything that may block or needs a capability goes through it. */
export interface Probe {
  readonly sysfs: KernelTree;
  readonly procfs: KernelTree;
  readonly dsm: DsmCaller;
  readonly scrubs: ScrubControl;
  readonly resolver: Resolver;
  readonly check: ProbeJobs['check'];
  /** Starts it when need be; undefined when it cannot be started. */
  hello(): Promise<ProbeHello | undefined>;
  /** Calls back whenever the mounts changed (or may have, after a probe was replaced); returns how to stop. */
  watchMounts(onChange: () => void): () => void;
  /** processes held by calls that have not come back */
  readonly heldProcesses: number;
  /** Ends every process, without waiting for calls that hang. */
  close(): Promise<void>;
}

export function createProbe(deps: {
  readonly connect: ProbeConnector;
  /** of one call; a caller may give its own */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}): Probe {
  const { connect, clock, log, deadlineMs } = deps;
  const fleet = createFleet({ connect, clock, log });
  const reader = createFileReader({ fleet, clock, deadlineMs });
  const jobs = createProbeJobs({ connect: () => connect('jobs'), clock });

  function createTree(tree: TreeName, code: ErrorCode): KernelTree {
    async function read(path: string, options: { readonly deadlineMs?: number } = {}): Promise<FileRead> {
      const answer = await reader.ask({ op: 'read', tree, path }, options.deadlineMs);
      if (answer.kind !== 'ok') return answer;
      if (typeof answer.value === 'string') return { kind: 'ok', data: Buffer.from(answer.value, 'base64') };
      return { kind: 'failed', errno: 'EPROTO', reason: 'the probe process sent a broken answer' };
    }
    async function told(op: FileOperation, path: string): Promise<unknown> {
      const answer = await reader.ask({ op, tree, path });
      if (answer.kind === 'ok') return answer.value ?? undefined;
      throw problem(answer, path, code);
    }
    return {
      read,
      async readAll(directory, names) {
        const reads = names.map(async (name) => [name, await read(`${directory}/${name}`)] as const);
        return new Map(await Promise.all(reads));
      },
      list: (directory) => told('list', directory) as Promise<readonly string[] | undefined>,
      link: (path) => told('link', path) as Promise<string | undefined>,
      inode: (path) => told('inode', path) as Promise<string | undefined>,
    };
  }

  const dsm: DsmCaller = {
    async call({ input, ...call }, options = {}) {
      const line = { ...call, input: Buffer.from(input).toString('hex') };
      const answer = await reader.ask({ op: 'dsm', call: line }, options.deadlineMs);
      if (answer.kind !== 'ok') return answer;
      const { reply, firmwareBytes } = answer.value as Partial<DsmAnswer>;
      if (typeof reply !== 'string' || typeof firmwareBytes !== 'number') {
        return { kind: 'failed', errno: 'EPROTO', reason: 'the probe process sent a broken answer' };
      }
      return { kind: 'ok', reply: Buffer.from(reply, 'base64'), firmwareBytes };
    },
  };

  return {
    sysfs: createTree('sysfs', 'SYSFS_READ'),
    procfs: createTree('procfs', 'PROCFS_READ'),
    dsm,
    scrubs: createScrubControl(reader, deadlineMs),
    resolver: { resolve: jobs.resolve },
    check: jobs.check,
    async hello() {
      await fleet.start();
      return fleet.hello;
    },
    watchMounts: fleet.watchMounts,
    get heldProcesses() {
      return fleet.retired;
    },
    close() {
      jobs.close();
      return fleet.close();
    },
  };
}

function problem(answer: Exclude<FileAnswer, { kind: 'ok' }>, path: string, code: ErrorCode): AgentError {
  if (answer.kind === 'stuck') {
    return new AgentError('DEVICE_STUCK', `${path}: the call has not come back`, { context: { path } });
  }
  const { errno, reason } = answer;
  return new AgentError(code, `${path}: ${reason} (${errno})`, { context: { path, errno } });
}
