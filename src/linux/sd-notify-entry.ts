/**
 * What a unit of `Type=notify` starts: connects a socket to the service manager, as only native code can, and then replaces itself by the
 * agent, which holds none. The process id stays, and is what systemd knows the agent by; the arguments are the program's.
 */
import { fileURLToPath } from 'node:url';
import { messageOf } from '../model/errors.ts';
import { connectDatagrams, keepOverExec } from './native.ts';
import { countPassedSockets, FIRST_PASSED } from './passed-sockets.ts';
import { CONNECTED } from './sd-notify.ts';

function connected(): Record<string, string> {
  const path = process.env['NOTIFY_SOCKET'];
  if (path === undefined) return {};
  try {
    return { [CONNECTED]: String(connectDatagrams(path)) };
  } catch (error) {
    // an agent that watches is worth more than one that can say so
    process.stderr.write(`pmemwatch: systemd is not told that the agent is up: ${messageOf(error)}\n`);
    return {};
  }
}

if (process.execve === undefined) throw new Error('this Node.js cannot replace a process');
const environment = { ...process.env, ...connected() };
for (let i = 0; i < countPassedSockets(process.env, false); i++) keepOverExec(FIRST_PASSED + i);
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const entry = fileURLToPath(new URL(`../main.${extension}`, import.meta.url));
const args = [process.execPath, ...process.execArgv, entry, ...process.argv.slice(2)];
process.execve(process.execPath, args, environment);
