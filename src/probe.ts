/**
 * Entry of the probe process: the only one with capabilities and native calls. It serves one conversation, listens to
 * nothing, writes nothing, and ends with its peer.
 */
import { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { type ProbeServices, serveProbe } from './linux/probe/server.ts';
import { AgentError } from './model/errors.ts';

const { values } = parseArgs({
  options: {
    /** 3 from a parent process, 0 from a systemd socket unit */
    fd: { type: 'string', default: '0' },
    'path.sysfs': { type: 'string', default: '/sys' },
    'path.procfs': { type: 'string', default: '/proc' },
    'path.rootfs': { type: 'string', default: '/' },
    'path.dev': { type: 'string', default: '/dev' },
  },
});
const roots = { sysfs: values['path.sysfs'], procfs: values['path.procfs'] };

const services: ProbeServices = {
  async resolve() {
    throw new AgentError('PROBE', 'not built in');
  },
  async check() {
    throw new AgentError('PROBE', 'not built in');
  },
  async pollPriority() {
    const { pollPriority } = await import('./linux/native.ts');
    return pollPriority;
  },
};

serveProbe(new Socket({ fd: Number(values.fd), readable: true, writable: true }), {
  roots,
  services,
  // process.exit would wait for the workers, and one of them may be stuck in the kernel
  onEnd: () => process.kill(process.pid, 'SIGKILL'),
});
