import { spawnSync } from 'node:child_process';

/** Runs a program of the guest and returns what it printed; throws with its message when it fails. */
export function program(name: string, ...args: string[]): string {
  const done = spawnSync(name, args, { encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${name} ${args.join(' ')}: ${done.status ?? done.signal}: ${done.stderr}`);
  return done.stdout;
}
