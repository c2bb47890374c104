/**
 * Entry of a lane: a thread of a probe process that walks a part of a file system. It takes orders from the thread that
 * started it, and ends with the process.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createFilesystemIo, type FilesystemRoots } from './linux/filesystem-io.ts';
import { createLaneWork, type LaneOrder } from './resolve/fs/lane-work.ts';

const work = createLaneWork(createFilesystemIo(workerData as FilesystemRoots), (report) =>
  parentPort?.postMessage(report),
);
parentPort?.on('message', (order: LaneOrder) => work(order));
