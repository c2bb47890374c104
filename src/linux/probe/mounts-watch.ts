import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../model/errors.ts';

/** Waits for exceptional news of an open file (poll(2), POLLPRI). */
export type PollPriority = (fd: number, timeoutMs: number) => Promise<boolean>;

const POLL_MS = 1_000;

/**
 * Calls `onChange` whenever the mounts change: mountinfo gives no inotify events, but poll(2) tells
 * (fs/proc_namespace.c mounts_poll). Watches the mounts of process 1, or its own when those are not to be had. Ends
 * with the signal.
 * @throws Node's system errors
 */
export async function watchMountTable(
  procfs: string,
  poll: PollPriority,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(join(procfs, '1/mountinfo')).catch(() => open(join(procfs, 'self/mountinfo')));
  try {
    while (!signal.aborted) {
      if (await quietWhenInterrupted(poll(handle.fd, POLL_MS))) onChange();
    }
  } finally {
    await handle.close();
  }
}

async function quietWhenInterrupted(polled: Promise<boolean>): Promise<boolean> {
  try {
    return await polled;
  } catch (error) {
    if (errnoOf(error) === 'EINTR') return false;
    throw error;
  }
}
