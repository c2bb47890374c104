import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export interface RunningDemo {
  /** of the agent */
  readonly url: string;
  /** Breaks the demo's file again, as its output says how. */
  damage(): Promise<void>;
  /** Takes the sectors off the kernel's list, as after the file was written anew. */
  repair(): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = 120_000;

/** `npm run demo -- --keep`, up to where it keeps running. @throws Error with its output when it does not get there */
export async function startDemo(): Promise<RunningDemo> {
  const root = join(import.meta.dirname, '../..');
  const child = spawn(process.execPath, ['--disable-sigusr1', 'src/main.ts', 'demo', '--keep'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += stripVTControlCharacters(text);
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const deadline = Date.now() + START_MS;
  for (;;) {
    const url = /metrics +(http:\/\/\S+)\/metrics/.exec(output)?.[1];
    const broken = /echo '([\d ]+)' *>(\S+)/.exec(output);
    if (url !== undefined && broken !== null) {
      const [, list = '', file = ''] = broken;
      return { url, damage: () => writeFile(file, `${list}\n`), repair: () => writeFile(file, ''), stop };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the demo did not come to where it keeps running:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
