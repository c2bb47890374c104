import type { Loaded, Settings } from './config/load.ts';
import type { ReloadResult } from './export/http/route.ts';
import type { Clock, Logger } from './ports.ts';

/** The settings of now, and how they are read again: one after the other, and only as a whole. */
export interface Reloading {
  settings(): Settings;
  reload(): Promise<ReloadResult>;
  /** whether the last reading was taken over, and when one last was; seconds since the epoch */
  status(): { readonly ok: boolean; readonly at: number };
}

export function createReloading(deps: {
  readonly settings: Settings;
  readonly reread: () => Promise<Loaded>;
  /** takes over what the parts have of them */
  readonly apply: (settings: Settings) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}): Reloading {
  const { clock, log } = deps;
  let settings = deps.settings;
  let status = { ok: true, at: clock.now() / 1000 };
  let reloading: Promise<ReloadResult> = Promise.resolve({ ok: true, problems: [] });

  async function reloadOnce(): Promise<ReloadResult> {
    const read = await deps.reread();
    if ('problems' in read) {
      status = { ...status, ok: false };
      for (const problem of read.problems) log.error({ problem }, 'configuration not taken over: the old one stays');
      return { ok: false, problems: read.problems };
    }
    for (const key of needRestart(settings, read.settings))
      log.warn({ key }, 'changed setting takes effect at the next start');
    settings = read.settings;
    await deps.apply(settings);
    status = { ok: true, at: clock.now() / 1000 };
    for (const warning of settings.warnings) log.warn({ warning }, 'configuration');
    log.info({}, 'configuration reloaded');
    return { ok: true, problems: [] };
  }
  return {
    settings: () => settings,
    reload() {
      reloading = reloading.then(reloadOnce, reloadOnce);
      return reloading;
    },
    status: () => status,
  };
}

function needRestart(before: Settings, after: Settings): string[] {
  const parts: readonly [string, (settings: Settings) => unknown][] = [
    ['poll', (s) => s.config.poll],
    ['api.socket', (s) => s.config.api.socket],
    ['agent.user', (s) => s.config.agent],
    ['tls_server_config (on or off)', (s) => s.webRules.tls === undefined],
  ];
  return parts.filter(([, part]) => JSON.stringify(part(before)) !== JSON.stringify(part(after))).map(([key]) => key);
}
