import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { FSWatcher } from 'chokidar';
import { messageOf } from '../model/errors.ts';
import type { Clock, Hint, Hints, Logger } from '../ports.ts';

/** Names in /dev whose coming and going changes the inventory. */
const DEVICE_NAME = /^(?:pmem|dax|nmem|ndctl|dm-|md)\d/;
/** Events in a watched directory that are not about it (every write to /dev/null may be one) before it gets a rest. */
const NOISE_PER_SECOND = 100;
const REST_MS = 5_000;

/** Called with the name that the event is about: an entry of the directory, or the file itself. */
type OnEvent = (name: string) => void;
interface Watch {
  readonly watcher: FSWatcher;
  readonly inode: bigint;
}

/**
 * inotify through chokidar, taking its `raw` events: kernfs turns sysfs_notify into IN_MODIFY (fs/kernfs/file.c), and
 * chokidar's own comparison of times and its throttle lose some of them (vm-lab 4). One watcher per path: a path that
 * names another inode than the watched one, as after disabling and enabling a namespace, is deaf without any event,
 * and is armed anew by the next `watch`. A path that does not exist is armed by the first `watch` that finds it.
 * Watching needs no privilege and takes no device lock.
 */
export function createHints(deps: {
  /** `/sys`: the paths of targets are relative to it */
  readonly sysfs: string;
  /** `/dev`; null watches no devices */
  readonly dev: string | null;
  /** absolute or relative paths; asked with each `watch`, since one may name others */
  readonly configFiles: () => readonly string[];
  readonly onHint: (hint: Hint) => void;
  readonly clock: Clock;
  readonly log: Logger;
}): Hints {
  const { sysfs, onHint, clock, log } = deps;
  const watches = new Map<string, Watch>();
  const resting = new Set<string>();
  /** of devices; what else is watched can change with each `watch` */
  const standing = new Map<string, OnEvent>();
  let handlers: ReadonlyMap<string, OnEvent> = standing;
  /** to be called when a watch on the path begins */
  let unheard: ReadonlyMap<string, () => void> = new Map();
  let queue: Promise<void> = Promise.resolve();
  let stopped = false;
  let told = false;

  if (deps.dev !== null) {
    const directory = resolve(deps.dev);
    standing.set(
      directory,
      ofEntries(directory, { kind: 'devices' }, (name) => DEVICE_NAME.test(name)),
    );
  }
  /** Their directories: editors and Kubernetes (`..data`) put a new file in the place of an old one. */
  function configDirectories(): [string, OnEvent][] {
    const files = Map.groupBy(
      deps.configFiles().map((file) => resolve(file)),
      dirname,
    );
    return [...files].map(([directory, paths]) => {
      const names = new Set(['..data', ...paths.map((path) => basename(path))]);
      return [directory, ofEntries(directory, { kind: 'config' }, (name) => names.has(name))];
    });
  }
  function ofEntries(directory: string, hint: Hint, isOurs: (name: string) => boolean): OnEvent {
    let noise = 0;
    let second = 0;
    return (name) => {
      const now = Math.floor(clock.monotonic() / 1000);
      noise = now === second ? noise + 1 : 0;
      second = now;
      if (isOurs(name)) onHint(hint);
      else if (noise >= NOISE_PER_SECOND && !resting.has(directory)) rest(directory, hint);
    };
  }
  /** A busy directory would keep us busy for nothing: look again later, as if something had happened meanwhile. */
  function rest(directory: string, hint: Hint): void {
    resting.add(directory);
    disarm(directory);
    clock.after(REST_MS, () => {
      resting.delete(directory);
      if (!stopped) onHint(hint);
    });
  }

  function disarm(path: string): void {
    const known = watches.get(path);
    watches.delete(path);
    void known?.watcher.close();
  }
  async function arm(path: string): Promise<void> {
    if (resting.has(path)) return;
    const inode = await inodeOf(path);
    const known = watches.get(path);
    if (known !== undefined && known.inode === inode) return;
    disarm(path);
    if (inode === undefined || stopped) return;
    const watcher = await startWatcher(path);
    watches.set(path, { watcher, inode });
    // replaced meanwhile: the next look finds the other inode
    if ((await inodeOf(path)) !== inode) disarm(path);
    // what changed between its last reading and now has told nobody
    else if (!stopped) unheard.get(path)?.();
  }
  async function startWatcher(path: string): Promise<FSWatcher> {
    const watcher = new FSWatcher({
      ignoreInitial: true,
      usePolling: false,
      atomic: false,
      depth: 0,
      // of a directory only itself: its entries' events come through it
      ignored: (candidate) => candidate !== path,
    });
    watcher.on('raw', (_event, name) => handlers.get(path)?.(typeof name === 'string' ? name : ''));
    watcher.on('error', (error) => {
      // out of inotify watches, mostly: the poll stays as the net under it
      if (!told) log.warn({ path, reason: messageOf(error) }, 'cannot watch for changes');
      told = true;
    });
    const ready = new Promise<void>((done) => watcher.once('ready', () => done()));
    watcher.add(path);
    await ready;
    return watcher;
  }
  async function rearm(next: ReadonlyMap<string, OnEvent>, targets: Parameters<Hints['watch']>[0]): Promise<void> {
    handlers = next;
    // of the others a look costs more, and they are polled: a scrub would be named as what found an error
    const lists = targets.filter(({ hint }) => hint.kind === 'list');
    unheard = new Map(lists.map(({ path, hint }) => [resolve(sysfs, path), () => onHint(hint)]));
    for (const path of watches.keys()) if (!handlers.has(path)) disarm(path);
    await Promise.all([...handlers.keys()].map(arm));
  }

  return {
    watch(targets) {
      const next = new Map(
        targets.map(({ path, hint }): [string, OnEvent] => [resolve(sysfs, path), () => onHint(hint)]),
      );
      for (const [directory, onEvent] of [...configDirectories(), ...standing]) next.set(directory, onEvent);
      const armed = queue.then(() => (stopped ? undefined : rearm(next, targets)));
      queue = armed.catch(() => undefined);
      return armed;
    },
    async stop() {
      stopped = true;
      await queue;
      await Promise.all([...watches.values()].map(({ watcher }) => watcher.close()));
      watches.clear();
    },
  };
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    // gone or not to be seen: armed again when it is
    return undefined;
  }
}
