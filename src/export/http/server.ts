import fastifyCors from '@fastify/cors';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { fastify } from 'fastify';
import type { ListenAddress, PassedSocket } from '../../model/listen-address.ts';
import type { WebRules } from '../../model/web-rules.ts';
import type { Logger, Passwords, SocketFiles } from '../../ports.ts';
import { allMetrics } from '../metrics/metrics.ts';
import { createMetricsExporter } from '../metrics/prometheus.ts';
import { type ApiToken, createAccess } from './access.ts';
import { createAnswers, lowerCase, securityHeaders } from './answers.ts';
import { compress } from './compress.ts';
import { createGate } from './gate.ts';
import { createJobs } from './jobs.ts';
import { type Listener, listenOn } from './listen.ts';
import { sendNotFoundPage, wantsPage } from './page.ts';
import { HttpProblem } from './problem.ts';
import type { Documentation, HttpApp, RouteContext, RouteSources } from './route.ts';
import { routes } from './routes.ts';
import { buildValidator } from './validation.ts';

export interface HttpConfig {
  /** where /metrics is */
  readonly telemetryPath: string;
  /** names besides addresses and `localhost` that requests may be sent to; may change, as `tokens` may */
  readonly allowedHosts: readonly string[];
  /** pages from elsewhere that may ask as their users: `https://ops.example.org`; may change */
  readonly corsOrigins: readonly string[];
  /** permissions of a unix socket, such as 0o660 */
  readonly socketMode: number;
  readonly tokens: readonly ApiToken[];
  /** what `--web.config.file` says; may change */
  readonly rules: WebRules;
  /** for the demo: whoever connects from this host may read file names */
  readonly openOnLoopback?: boolean;
}
export interface HttpDeps extends RouteSources {
  readonly config: HttpConfig;
  readonly sockets: SocketFiles;
  readonly passwords: Passwords;
  readonly log: Logger;
}
export interface HttpServer {
  /** Starts on all of the addresses or on none. @returns those it really has. @throws AgentError LISTEN */
  listen(addresses: readonly (ListenAddress | PassedSocket)[]): Promise<string[]>;
  /** Takes over what has changed in the configuration: certificates for new connections; streams begin anew. */
  renew(): void;
  /** Takes no more connections, lets running answers end within `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024;
/** How long a browser remembers that a page may ask. */
const PREFLIGHT_SECONDS = 600;
const CLOSE_GRACE_MS = 3000;

export async function createServer(deps: HttpDeps): Promise<HttpServer> {
  const { app, access, streams, closeDocumentation } = await createHttpApp(deps);
  const listeners: Listener[] = [];
  const stop = (): Promise<void>[] =>
    listeners.splice(0).map(({ server }) => new Promise((resolve) => server.close(() => resolve())));
  return {
    async listen(addresses) {
      const actual: string[] = [];
      try {
        for (const address of addresses) {
          const started = await listenOn(address, {
            handle: (request, response) => app.routing(request, response),
            onUnixConnection: access.trust,
            sockets: deps.sockets,
            socketMode: deps.config.socketMode,
            tls: () => deps.config.rules.tls,
            log: deps.log,
          });
          listeners.push(started);
          actual.push(started.actual);
        }
      } catch (cause) {
        await Promise.all(stop());
        throw cause;
      }
      return actual;
    },
    renew() {
      for (const listener of listeners) listener.renew();
      // who began one may not be let in any more
      for (const end of streams) end();
    },
    async close(graceMs = CLOSE_GRACE_MS) {
      const running = listeners.map(({ server }) => server);
      const closed = Promise.all(stop());
      for (const end of streams) end();
      for (const server of running) server.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const server of running) server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(cut);
      await app.close();
      await closeDocumentation();
    },
  };
}

/** The application behind the listeners; tests send requests into it without a connection. */
export async function createHttpApp(deps: HttpDeps) {
  const { config, log } = deps;
  const healthUrls = new Set(['/-/healthy', '/-/ready']);
  const access = createAccess({ tokens: () => config.tokens, openOnLoopback: config.openOnLoopback ?? false });
  const gate = createGate({
    access,
    passwords: deps.passwords,
    rules: () => config.rules,
    allowedHosts: () => config.allowedHosts,
    corsOrigins: () => config.corsOrigins,
  });
  const headers = () => ({ ...securityHeaders, ...lowerCase(config.rules.headers) });
  const answer = createAnswers(headers, log);
  const app: HttpApp = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 256 },
    schemaController: { compilersFactory: { buildValidator } },
    frameworkErrors: answer.error,
  }).withTypeProvider<TypeBoxTypeProvider>();

  // answers are made by typed code and checked against their schemas in tests: no second serializer in memory
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(fastifyCors, {
    origin: (origin, tell) => tell(null, origin !== undefined && config.corsOrigins.includes(origin) && origin),
    strictPreflight: false,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'if-none-match', 'last-event-id'],
    exposedHeaders: ['etag', 'location', 'retry-after'],
    maxAge: PREFLIGHT_SECONDS,
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers());
    // for those that answer by themselves
    for (const [name, value] of Object.entries(config.rules.headers)) reply.raw.setHeader(name, value);
    // a Prometheus asks by any name its targets have, a liveness check by none at all; what these answer is nothing a
    // page elsewhere could misuse
    const { url = '' } = request.routeOptions;
    const anyHost = healthUrls.has(url) || (url === config.telemetryPath && deps.view().options.paths !== 'full');
    await gate.admit(request.raw, anyHost);
  });
  app.addHook('preHandler', async ({ query, body }) => {
    if (hasInfinity(query) || hasInfinity(body)) throw new HttpProblem(400, 'A number is larger than every number.');
  });
  app.addHook('onSend', compress);
  app.setErrorHandler(answer.error);
  app.setNotFoundHandler((request, reply) =>
    wantsPage(request)
      ? sendNotFoundPage(reply)
      : answer.problem(request, reply, 404, 'Nothing is served here; see /docs.'),
  );

  const streams = new Set<() => void>();
  let documentation: Promise<Documentation & { close(): Promise<void> }> | undefined;
  const document = () => {
    documentation ??= import('./documentation.ts').then((module) =>
      module.createDocumentation((copy) => registerRoutes(copy, context), deps.view().agent.version),
    );
    return documentation;
  };
  const context: RouteContext = {
    view: deps.view,
    events: deps.events,
    newestEventId: deps.newestEventId,
    firstKeptEventId: deps.firstKeptEventId,
    historyVersion: deps.historyVersion,
    onPass: deps.onPass,
    ready: deps.ready,
    reload: deps.reload,
    describe: deps.describe,
    decide: deps.decide,
    deliveries: deps.deliveries,
    scrub: deps.scrub,
    probe: deps.probe,
    jobs: createJobs(),
    access,
    metrics: createMetricsExporter(allMetrics()),
    telemetryPath: config.telemetryPath,
    streams,
    documentation: {
      describe: async () => (await document()).describe(),
      serve: async (request, response) => (await document()).serve(request, response),
    },
  };
  registerRoutes(app, context);
  for (const url of ['/docs', '/docs/*']) {
    app.get(url, async (request, reply) => {
      reply.hijack();
      await context.documentation.serve(request.raw, reply.raw);
    });
  }
  await app.ready();
  return { app, access, streams, closeDocumentation: async () => (await documentation)?.close() };
}

/** Of `1e999` ajv makes a number that it holds against no limit: its range keywords pass over what is not finite. */
function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

function registerRoutes(app: HttpApp, context: RouteContext): void {
  for (const route of routes) route.register(app, context);
}
