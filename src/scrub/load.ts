import type { Clock, KernelTree } from '../ports.ts';

/** How busy the host is. */
export interface LoadWatch {
  /**
   * The load average of the last five minutes, per processor. Undefined until it is read: `onRead` is called then. Older
   * than half a minute it is read again. null when it cannot be read.
   */
  recent(): number | null | undefined;
}

const FRESH_MS = 30_000;

/** `<procfs>/loadavg`: 1, 5 and 15 minutes (fs/proc/loadavg.c). */
export function createLoadWatch(deps: {
  readonly procfs: KernelTree;
  readonly clock: Clock;
  readonly processors: number;
  readonly onRead: () => void;
}): LoadWatch {
  const { clock } = deps;
  let last: { readonly at: number; readonly load: number | null } | undefined;
  let reading = false;

  async function read(): Promise<void> {
    reading = true;
    const file = await deps.procfs.read('loadavg');
    const text = file.kind === 'ok' ? new TextDecoder().decode(file.data) : '';
    const five = /^\S+ (\d+(?:\.\d+)?) /.exec(text)?.[1];
    last = { at: clock.monotonic(), load: five === undefined ? null : Number(five) / deps.processors };
    reading = false;
    deps.onRead();
  }
  return {
    recent() {
      if (last !== undefined && clock.monotonic() - last.at < FRESH_MS) return last.load;
      if (!reading) void read();
      return undefined;
    },
  };
}
