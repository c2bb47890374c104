import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import type { Message } from '../../../src/model/message.ts';
import type { RecoveryRow } from '../../../src/notify/recovery-row.ts';
import { until } from './wait.ts';
import type { Watching } from './watching.ts';

/** What a person has: a shell in which `pmemwatch` is installed. */
export function installProgram(): void {
  const file = '/usr/bin/pmemwatch';
  writeFileSync(file, '#!/bin/sh\nexec node --disable-sigusr1 /checkout/src/main.js "$@"\n');
  chmodSync(file, 0o755);
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export function sh(command: string, variables: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr, error } = spawnSync('sh', ['-c', command], {
    encoding: 'utf8',
    cwd: '/',
    env: { ...process.env, ...variables },
    timeout: 60_000,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

// The slowest guest, beside others, takes a third of this for one answer.
const withinMs = 180_000;

/** The part of the story that begins now: what is told, and how it ends. */
export interface Chapter {
  /** the first message from now on with steps of this row, and those steps */
  told(row: RecoveryRow, steps?: number): Promise<{ readonly message: Message; readonly steps: readonly string[] }>;
  resolved(incident: string): Promise<Message>;
}
export function beginChapter({ receiver }: Watching): Chapter {
  const from = receiver.received.length;
  const find = (what: string, isIt: (message: Message) => boolean): Promise<Message> =>
    until(what, () => receiver.received.slice(from).find(({ message }) => isIt(message))?.message, withinMs);
  const stepsOf = ({ nextSteps }: Message, row: RecoveryRow): readonly string[] =>
    nextSteps.filter((step) => step.endsWith(`[${row}]`));
  return {
    async told(row, steps = 1) {
      const message = await find(
        `${steps} steps of row ${row}`,
        (each) => each.status === 'firing' && stepsOf(each, row).length === steps,
      );
      return { message, steps: stepsOf(message, row) };
    },
    resolved: (incident) =>
      find('the end of the incident', (each) => each.incident === incident && each.status === 'resolved'),
  };
}

/** The commands of a step, letter for letter: what stands between backticks. */
export function commandsOf(step: string): string[] {
  return Array.from(step.matchAll(/`([^`]*)`/g), ([, command]) => command ?? '');
}
