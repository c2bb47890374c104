import { fileURLToPath } from 'node:url';
import { nodeFlags } from './node-flags.ts';
import type { SupervisorOptions } from './supervisor.ts';

/**
 * Replaces this process, under the same id, by a supervising parent of a third of its memory: configuration, logger and
 * all that was needed to get here are gone. The exit code is the agent's; 2 with one line on stderr when the agent
 * cannot be started.
 * @throws Node's system error when the process cannot be replaced
 */
export function becomeSupervisor(options: Omit<SupervisorOptions, 'warn'>): never {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`./supervisor-entry.${extension}`, import.meta.url));
  const args = [process.execPath, ...nodeFlags, entry, JSON.stringify(options)];
  if (process.execve === undefined) throw new Error('this Node.js cannot replace a process');
  return process.execve(process.execPath, args);
}
