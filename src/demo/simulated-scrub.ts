import { statSync, watch, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** How long a search of this little takes. */
const SEARCH_MS = 2_000;

/**
 * Plays the kernel's side of `nfit/scrub` (drivers/acpi/nfit/core.c scrub_show, scrub_store) on an ordinary file: when somebody has
 * written 1 into it, it says `N+` for a while, then one more than N. An ordinary file shows what was written for a moment, which
 * no kernel does: the agent then says of such a scrub that it was not seen from its start. Returns how to stop.
 */
export function playScrub(file: string): () => void {
  let completed = 1;
  let ownTime = 0;
  let timer: NodeJS.Timeout | undefined;

  function show(text: string): void {
    writeFileSync(file, text);
    ownTime = statSync(file).mtimeMs;
  }
  async function changed(): Promise<void> {
    if (timer !== undefined || statSync(file).mtimeMs === ownTime) return;
    if (!/^1\s*$/.test(await readFile(file, 'latin1')) || timer !== undefined) return;
    show(`${completed}+\n`);
    timer = setTimeout(() => {
      timer = undefined;
      completed += 1;
      show(`${completed}\n`);
    }, SEARCH_MS);
    timer.unref();
  }
  show(`${completed}\n`);
  const watcher = watch(file, { persistent: false }, () => void changed().catch(() => watcher.close()));
  return () => {
    watcher.close();
    clearTimeout(timer);
  };
}
