import { spawnSync } from 'node:child_process';

/** Runs a program to its end and returns its standard output. @throws Error with what it said when it fails */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): string {
  const done = spawnSync(program, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', ...options.env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.error) throw new Error(`${program}: ${done.error.message}`, { cause: done.error });
  if (done.status === 0) return done.stdout;
  const said = `${done.stdout}\n${done.stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${program} ${args.slice(0, 4).join(' ')} ended with ${done.status ?? done.signal}:\n${said}`);
}
