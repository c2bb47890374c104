/** Stands for `pmemwatch agent` in supervisor.test.ts: started as root with groups of its own. */
import { becomeSupervisor } from '../../src/linux/become-supervisor.ts';

const [root = '', agent = ''] = process.argv.slice(2);
process.setgroups?.([0, 4, 27]);
becomeSupervisor({
  agentArgs: [agent],
  user: 'no-such-user',
  roots: { sysfs: `${root}/sys`, procfs: '/proc', rootfs: '/', dev: '/dev' },
  stateFile: `${root}/lib/state/state.db`,
});
