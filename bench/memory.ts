/** Memory of the idle agent (shipped dist, all its processes) beside a bare node:http server, in one run. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/free-port.ts';
import { memoryOfTree, start, stop, untilReady } from './processes.ts';
import { laySimulatedHost, makeBenchDirectory } from './simulated-host.ts';

const IDLE_MS = 20_000;
const MOST_ABOVE_BYTES = 90 * 1024 * 1024;
const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

export async function benchMemory(): Promise<boolean> {
  const dir = makeBenchDirectory();
  const host = laySimulatedHost(dir, 4, 1);
  const [port, barePort] = [await freePort(), await freePort()];
  const bare = start(process.execPath, [
    '-e',
    `require('node:http').createServer((q,s)=>s.end('ok')).listen(${barePort},'127.0.0.1')`,
  ]);
  const agent = start(process.execPath, [
    '--disable-sigusr1',
    'dist/main.js',
    'agent',
    ...['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev],
    ...[
      '--state.file',
      join(dir, 'state', 'state.db'),
      '--web.listen-address',
      `127.0.0.1:${port}`,
      '--log.level',
      'warn',
    ],
  ]);
  try {
    await untilReady(`http://127.0.0.1:${barePort}/`, 10_000);
    await untilReady(`http://127.0.0.1:${port}/-/ready`, 30_000);
    for (let i = 0; i < 3; i++) {
      await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      await (await fetch(`http://127.0.0.1:${barePort}/`)).text();
    }
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const ours = memoryOfTree(agent.pid as number);
    const theirs = memoryOfTree(bare.pid as number);
    const above = ours.pssBytes - theirs.pssBytes;
    console.log(
      `memory idle ${IDLE_MS / 1000} s: pmemwatch agent ${ours.processes} processes, PSS ${mib(ours.pssBytes)}, RSS ${mib(ours.rssBytes)}`,
    );
    console.log(
      `memory idle ${IDLE_MS / 1000} s: bare node:http    ${theirs.processes} process,   PSS ${mib(theirs.pssBytes)}, RSS ${mib(theirs.rssBytes)}`,
    );
    console.log(
      `memory: ${mib(above)} above the bare server (limit ${mib(MOST_ABOVE_BYTES)}), ratio ${(ours.pssBytes / theirs.pssBytes).toFixed(2)}`,
    );
    return above <= MOST_ABOVE_BYTES;
  } finally {
    await stop(agent);
    await stop(bare);
    rmSync(dir, { recursive: true, force: true });
  }
}
