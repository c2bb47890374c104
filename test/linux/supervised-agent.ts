/** Stands for the listening half in supervisor.test.ts: says what it is and what it reads through the parent's probe. */
import { readFileSync } from 'node:fs';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe } from '../../src/linux/probe/client.ts';
import { isSupervised, supervisorConnector } from '../../src/linux/probe/connect.ts';
import { startConversation } from '../../src/linux/probe/start.ts';
import { silent } from '../probe/rig.ts';

const connect = supervisorConnector();
const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
const status = readFileSync('/proc/self/status', 'utf8');
const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim();
const read = await probe.sysfs.read('block/pmem0/badblocks');
const hello = await probe.hello();
const forJob = await startConversation(() => connect('jobs'), createClock());
const said = {
  supervised: isSupervised(),
  uid: process.getuid?.(),
  groups: field('Groups'),
  capabilities: [field('CapEff'), field('CapPrm'), field('CapInh'), field('CapAmb')],
  read: read.kind === 'ok' ? Buffer.from(read.data).toString() : read,
  probe: hello?.pid,
  probeUid: hello?.uid,
  jobProbe: forJob.ok ? forJob.hello.pid : forJob,
};
process.stdout.write(`${JSON.stringify(said)}\n`);
process.on('SIGTERM', () => process.exit(7));
process.on('SIGHUP', () => process.stdout.write('reloaded\n'));
setInterval(() => undefined, 1_000);
