import { globSync } from 'node:fs';
import { join } from 'node:path';
import { runCounted } from '../counted-run.ts';
import { obstacle } from './lab.ts';

/** `npm run test:loopfs`: real file systems on loop devices. */
const files = globSync('*.loopfs.ts', { cwd: import.meta.dirname })
  .sort()
  .map((f) => join(import.meta.dirname, f));
const why = obstacle();
if (why !== undefined) console.log(`nothing can be tested here: ${why}`);
// one at a time: they share the machine's loop devices
runCounted(files, 1);
