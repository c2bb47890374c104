/** A thread that keeps the highest PSS of a process and all below it until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { memoryOfTree } from '../processes.ts';

const EVERY_MS = 5;
const { pid } = workerData as { pid: number };
let peak = 0;
const timer = setInterval(() => {
  try {
    peak = Math.max(peak, memoryOfTree(pid).pssBytes);
  } catch {
    // a process ended while it was looked at
  }
}, EVERY_MS);
parentPort?.on('message', () => {
  clearInterval(timer);
  parentPort?.postMessage(peak);
});
parentPort?.postMessage(0);
