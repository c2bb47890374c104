import type { Server } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyError, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { messageOf } from '../../model/errors.ts';
import type { ListenAddress } from '../../model/listen-address.ts';
import type { Logger, SocketFiles } from '../../ports.ts';
import { allMetrics } from '../metrics/metrics.ts';
import { createMetricsExporter } from '../metrics/prometheus.ts';
import { type ApiToken, createAccess } from './access.ts';
import { isServedHost } from './host-name.ts';
import { listenOn } from './listen.ts';
import { HttpProblem, problemOf } from './problem.ts';
import type { Documentation, HttpApp, RouteContext, RouteSources } from './route.ts';
import { routes } from './routes.ts';

export interface HttpConfig {
  /** where /metrics is */
  readonly telemetryPath: string;
  /** names besides addresses and `localhost` that requests may be sent to; may change, as `tokens` may */
  readonly allowedHosts: readonly string[];
  /** permissions of a unix socket, such as 0o660 */
  readonly socketMode: number;
  readonly tokens: readonly ApiToken[];
  /** for the demo: whoever connects from this host may read file names */
  readonly openOnLoopback?: boolean;
}
export interface HttpDeps extends RouteSources {
  readonly config: HttpConfig;
  readonly sockets: SocketFiles;
  readonly log: Logger;
}
export interface HttpServer {
  /** Starts on all of the addresses or on none. @returns those it really has. @throws AgentError LISTEN */
  listen(addresses: readonly ListenAddress[]): Promise<string[]>;
  /** Takes no more connections, lets running answers end within `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024;
const CLOSE_GRACE_MS = 3000;

export async function createServer(deps: HttpDeps): Promise<HttpServer> {
  const { app, access, streams, closeDocumentation } = await createHttpApp(deps);
  const servers: Server[] = [];
  const stop = (): Promise<void>[] =>
    servers.splice(0).map((server) => new Promise((resolve) => server.close(() => resolve())));
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
          });
          servers.push(started.server);
          actual.push(started.actual);
        }
      } catch (cause) {
        await Promise.all(stop());
        throw cause;
      }
      return actual;
    },
    async close(graceMs = CLOSE_GRACE_MS) {
      const running = [...servers];
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
  const app: HttpApp = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 256 },
    // refuse what is not known instead of dropping it silently
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true } },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, log),
  }).withTypeProvider<TypeBoxTypeProvider>();

  // answers are made by typed code and checked against their schemas in tests: no second serializer in memory
  app.setSerializerCompiler(() => JSON.stringify);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    // a Prometheus asks by any name its targets have, a liveness check by none at all; what these answer is nothing a
    // page elsewhere could misuse
    const { url = '' } = request.routeOptions;
    const isOpen = healthUrls.has(url) || (url === config.telemetryPath && deps.view().options.paths !== 'full');
    if (!isOpen && !access.isTrusted(request.raw) && !isServedHost(request.headers.host, config.allowedHosts)) {
      throw new HttpProblem(421, 'Use an address or localhost, or add the name to web.allowed_hosts.');
    }
  });
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log));
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, 404, 'Nothing is served here; see /docs.'));

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
    onPass: deps.onPass,
    ready: deps.ready,
    reload: deps.reload,
    decide: deps.decide,
    deliveries: deps.deliveries,
    scrub: deps.scrub,
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

function registerRoutes(app: HttpApp, context: RouteContext): void {
  for (const route of routes) route.register(app, context);
}

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  if (error instanceof HttpProblem) {
    if (error.cause !== undefined) log.warn({ err: error.cause, url: request.routeOptions.url }, 'a request failed');
    return sendProblem(request, reply.headers(error.headers), error.status, error.message);
  }
  const { statusCode, validation } = error as Partial<FastifyError>;
  if (validation !== undefined) return sendProblem(request, reply, 400, validationDetail(error as FastifyError));
  if (statusCode !== undefined && statusCode < 500) return sendProblem(request, reply, statusCode, messageOf(error));
  log.error({ err: error, url: request.routeOptions.url }, 'a request failed: this is a bug in pmemwatch');
  return sendProblem(request, reply, 500, 'The log of the agent says more.');
}

function validationDetail(error: FastifyError): string {
  const where = error.validationContext ?? 'request';
  return (error.validation ?? [])
    .map(({ instancePath, message, params }) => {
      const unknown = params['additionalProperty'];
      if (typeof unknown === 'string') return `${where}: "${unknown}" is not a parameter here`;
      return `${where}${instancePath.replaceAll('/', '.')} ${message ?? 'is not valid'}`;
    })
    .join('; ');
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply
    .code(status)
    .headers(securityHeaders)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(status, detail, request.url)));
}
