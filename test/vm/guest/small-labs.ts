import { program } from './program.ts';

// Imported before the tests of the loop devices, which look at this when they are loaded.
process.env['PMEMWATCH_SMALL'] = 'yes';
process.env['CI'] = 'true'; // nothing is passed over for want of a program
for (const module of ['loop', 'xfs', 'f2fs', 'quota_v2']) program('modprobe', module);
