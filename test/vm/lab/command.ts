import { spawnSync } from 'node:child_process';

/** Runs a program to its end and returns its standard output; a failure carries what the program said. */
export function command(program: string, args: readonly string[], options: { cwd?: string } = {}): string {
  const done = spawnSync(program, args, {
    ...options,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: plainEnv(),
  });
  if (done.error) throw new Error(`${program}: ${done.error.message}`, { cause: done.error });
  if (done.status !== 0) {
    const said = `${done.stdout}\n${done.stderr}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${program} ${args.slice(0, 6).join(' ')} ended with ${done.status ?? done.signal}:\n${said}`);
  }
  return done.stdout;
}

export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { env: plainEnv() }).status === 0;
}

/** The sbin folders are missing from many a root shell's PATH, and translated messages cannot be read by a script. */
function plainEnv(): NodeJS.ProcessEnv {
  const path = process.env['PATH'] ?? '';
  return { ...process.env, PATH: `${path}:/usr/sbin:/sbin`, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}
