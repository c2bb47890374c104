import type { AppPlatform } from './app-platform.ts';
import type { Settings } from './config/load.ts';
import { createServer, type HttpDeps, type HttpServer } from './export/http/server.ts';
import type { AgentStatus } from './model/agent-status.ts';
import type { HostFacts } from './model/host.ts';
import type { State } from './model/state.ts';
import { describeIncident } from './notify/describe.ts';
import type { Store } from './record/store.ts';
import type { Scrubbing } from './scrubbing.ts';
import type { Telling } from './telling.ts';

/** What the agent gives its server to tell: everything is asked for when it is needed, and read of the settings of now. */
export function serve(
  agent: Pick<HttpDeps, 'onPass' | 'reload' | 'decide' | 'log'> & {
    readonly platform: Pick<AppPlatform, 'resolver' | 'check' | 'sockets' | 'passwords' | 'pageSize'>;
    readonly settings: () => Settings;
    readonly host: HostFacts;
    readonly store: Store;
    readonly telling: Telling;
    readonly scrubs: Scrubbing;
    readonly state: () => State;
    readonly status: () => AgentStatus;
    /** one sentence; undefined: it is ready */
    readonly whyNotReady: () => string | undefined;
    /** whether the state file takes writes */
    readonly isWritable: () => boolean;
  },
): Promise<HttpServer> {
  const { platform, settings, host, store, telling, scrubs } = agent;
  return createServer({
    view: () => ({
      state: agent.state(),
      agent: agent.status(),
      options: { ...settings().config.metrics },
      scrubsDue: scrubs.upcoming(agent.state()),
    }),
    async events(after, limit) {
      const items = await store.events(after, limit);
      return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
    },
    newestEventId: store.newestEventId,
    firstKeptEventId: store.firstKeptEventId,
    historyVersion: store.version,
    onPass: agent.onPass,
    ready() {
      const reason = agent.whyNotReady();
      return reason === undefined ? { ready: true } : { ready: false, reason };
    },
    reload: agent.reload,
    describe: (incident, named) =>
      describeIncident(incident, host, { paths: named ? 'full' : 'off', pageBytes: platform.pageSize }),
    decide: agent.decide,
    deliveries: {
      list: store.deliveries.list,
      complete: agent.isWritable,
      replay: telling.replay,
      replayDead: telling.replayDead,
      test: telling.test,
    },
    scrub: scrubs.ask,
    probe: {
      resolve: platform.resolver.resolve,
      check: platform.check,
      walkRoots: () => settings().config.resolve.walkRoots,
    },
    config: {
      telemetryPath: settings().telemetryPath,
      get allowedHosts() {
        return [host.name, ...settings().config.web.allowedHosts];
      },
      get corsOrigins() {
        return settings().config.web.corsOrigins;
      },
      socketMode: 0o660,
      get tokens() {
        return settings().config.api.tokens;
      },
      get rules() {
        return settings().webRules;
      },
    },
    sockets: platform.sockets,
    passwords: platform.passwords,
    log: agent.log,
  });
}
