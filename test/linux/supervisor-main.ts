/** Stands for the parent in supervisor.test.ts: started as root with groups of its own. */
import { runSupervisor } from '../../src/linux/supervisor.ts';

const [root = '', agent = ''] = process.argv.slice(2);
process.setgroups?.([0, 4, 27]);
process.exit(
  await runSupervisor({
    agentArgs: [agent],
    user: 'no-such-user',
    roots: { sysfs: `${root}/sys`, procfs: '/proc', rootfs: '/', dev: '/dev' },
    stateFile: `${root}/state/state.db`,
    warn: (message) => process.stderr.write(`${message}\n`),
  }),
);
