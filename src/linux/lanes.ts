import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Lane, Lanes } from '../ports.ts';
import type { FilesystemRoots } from './filesystem-io.ts';

/**
 * Two however few processors there are: while one waits for the device the other runs. Each takes as much memory as a small process, and
 * more than this gain nothing on one device.
 */
const LANES = Math.min(4, Math.max(2, availableParallelism()));

/** The same kind of file as this one: `.ts` in a checkout, `.js` in the shipped package. */
function laneEntry(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../lane.${extension}`, import.meta.url);
}

/** Started when first borrowed. */
export function createLanes(roots: FilesystemRoots, count: number = LANES): Lanes {
  let workers: Worker[] = [];
  let lent = false;
  return {
    borrow() {
      if (lent) return undefined;
      lent = true;
      while (workers.length < count) workers.push(startWorker(roots));
      return {
        lanes: workers.map(laneOf),
        giveBack(finished) {
          lent = false;
          for (const worker of workers)
            worker
              .removeAllListeners('message')
              .removeAllListeners('exit')
              .removeAllListeners('error')
              .on('error', () => undefined);
          if (finished) return;
          // one may hang in the kernel; it ends with the process
          for (const worker of workers) void worker.terminate();
          workers = [];
        },
      };
    },
  };
}

function startWorker(roots: FilesystemRoots): Worker {
  const worker = new Worker(laneEntry(), {
    workerData: roots,
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 },
  });
  // does not hold up the end of the process
  worker.unref();
  return worker;
}
function laneOf(worker: Worker): Lane {
  return {
    post: (message) => worker.postMessage(message),
    listen(onMessage, onEnd) {
      worker.on('message', onMessage);
      let why = 'it ended';
      worker.on('error', (error) => {
        why = error.message;
      });
      worker.on('exit', () => onEnd(why));
    },
  };
}
