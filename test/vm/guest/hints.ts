import { once } from 'node:events';
import { watch } from 'chokidar';

export interface Hint {
  readonly kind: 'change' | 'raw' | 'add' | 'unlink';
  readonly path: string;
  readonly at: number;
}

export interface HintLog {
  readonly hints: readonly Hint[];
  count(kind: Hint['kind'], path: string): number;
  clear(): void;
  close(): Promise<void>;
}

/** Records what chokidar says about these paths, its `raw` events beside those it lets through. */
export async function recordHints(paths: readonly string[], depth = 0): Promise<HintLog> {
  const hints: Hint[] = [];
  const watcher = watch([...paths], { ignoreInitial: true, depth });
  const note = (kind: Hint['kind'], path: string): void => void hints.push({ kind, path, at: performance.now() });
  for (const kind of ['change', 'add', 'unlink'] as const) watcher.on(kind, (path) => note(kind, path));
  watcher.on('raw', (_event, _name, details) => {
    const watched = typeof details === 'object' && details !== null && 'watchedPath' in details;
    if (watched) note('raw', String(details.watchedPath));
  });
  await once(watcher, 'ready');
  return {
    hints,
    count: (kind, path) => hints.filter((hint) => hint.kind === kind && hint.path === path).length,
    clear: () => void hints.splice(0),
    close: () => watcher.close(),
  };
}
