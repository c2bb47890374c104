import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly code: Promise<number>;
  stdout(): string;
  stderr(): string;
}

/** The program as people start it, in a process of its own. */
export function startProgram(words: readonly string[], environment: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ['--disable-sigusr1', main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = new Promise<number>((done, fail) => {
    child.on('error', fail);
    child.on('close', (status) => done(status ?? -1));
  });
  return { child, code, stdout: () => stdout, stderr: () => stderr };
}
