import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { fastify } from 'fastify';
import type { Documentation, HttpApp } from './route.ts';

const introduction = `Persistent-memory bad ranges, their owners and incidents, as this agent knows them. Nothing here reads a device but
\`resolve\` and \`checkFiles\`, which are bounded and run in a process of their own.
Sectors are always 512 bytes. Lists carry \`complete\` (false: never read them as clean), \`readAt\` and \`next\`, which is passed as \`after\` for the page that follows;
with \`If-None-Match\` they answer 304 while nothing has changed, which a new reading does: it is seen when the next one is done. Text is sent as gzip to those who take it.
On TCP, file names need a token of scope \`read\`; the unix socket shows everything to whom its permissions let in.`;

/** The same routes once more, in an application that never listens: it describes them and serves the pages of swagger-ui. */
export async function createDocumentation(
  registerRoutes: (app: HttpApp) => void,
  version: string,
): Promise<Documentation & { close(): Promise<void> }> {
  const app = fastify({ logger: false }).withTypeProvider<TypeBoxTypeProvider>();
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'pmemwatch', version, description: introduction, license: { name: 'Apache-2.0' } },
      servers: [{ url: '/' }],
      tags: [
        { name: 'media', description: 'Bad ranges and the files they damage' },
        { name: 'incidents', description: 'Incidents and the history' },
        { name: 'deliveries', description: 'What was told to whom' },
        { name: 'inventory', description: 'What the host has' },
        { name: 'scrubs', description: 'Searches for latent errors' },
        { name: 'agent', description: 'The agent itself' },
      ],
      security: [{}, { user: [] }, { token: [] }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'of `api.tokens` in the configuration' },
          user: {
            type: 'http',
            scheme: 'basic',
            description: 'of `basic_auth_users` in --web.config.file, where it has any',
          },
        },
      },
    },
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP:
      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'",
    uiConfig: { validatorUrl: null, deepLinking: false },
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
  });
  // registering swagger's hooks and then the routes in one scope: routes added before would not be described
  await app.register(async (scope) => registerRoutes(scope.withTypeProvider<TypeBoxTypeProvider>()));
  await app.ready();
  const document: Record<string, unknown> = { ...withProblemType(app.swagger() as OpenApiDocument) };
  return {
    describe: async () => document,
    serve: async (request, response) => app.routing(request, response),
    close: () => app.close(),
  };
}

interface OpenApiDocument {
  readonly paths?: Record<string, Record<string, { readonly responses?: Record<string, OpenApiResponse> }>>;
}
interface OpenApiResponse {
  content?: Record<string, unknown>;
}
/** Errors are problem documents, whatever the route itself produces. */
function withProblemType(document: OpenApiDocument): OpenApiDocument {
  for (const operation of Object.values(document.paths ?? {}).flatMap(Object.values)) {
    for (const [status, response] of Object.entries<OpenApiResponse>(operation.responses ?? {})) {
      const [content] = Object.values(response.content ?? {});
      if (/^[45]/.test(status)) response.content = { 'application/problem+json': content };
    }
  }
  return document;
}
