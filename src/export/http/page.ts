import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { done, isDone, registerActions } from './page/actions.ts';
import { createDescriptions, createPause, gatherPage } from './page/gather.ts';
import type { Notice } from './page/input.ts';
import { notFoundPage } from './page/not-found.ts';
import { documentOf, renderPage } from './page/render.ts';
import { scripts } from './page/scripts.ts';
import { signInPage } from './page/sign-in.ts';
import { styleSheet } from './page/style.ts';
import { wantsHtml } from './page/wants-html.ts';
import { HttpProblem } from './problem.ts';
import type { HttpApp, HttpRoute, RouteContext } from './route.ts';

const styleHash = createHash('sha256').update(styleSheet).digest('base64');
/** The style in the page, the scripts that we serve, forms that lead back to us; nothing else, and nothing inline. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "script-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What this host looks like, for people. Live by a script; everything works without it too. */
export const pageRoute: HttpRoute = {
  name: 'page',
  register(app, context) {
    const page = createPage(context);
    app.get('/', { schema: { hide: true } }, (request, reply) => {
      const name = (request.query as Record<string, unknown>)['done'];
      return page(request, reply, isDone(name) ? { level: 'fine', text: done[name] } : undefined);
    });
    for (const [name, text] of scripts) {
      app.get(`/page/${name}`, { schema: { hide: true } }, (_request, reply) =>
        reply.type('text/javascript; charset=utf-8').send(text),
      );
    }
    // at the root: a browser sends what it was given here along with everything below this folder
    app.get('/sign-in', { schema: { hide: true } }, (request, reply) => {
      if (context.access.mayOperate(request.raw) || context.access.hasToken(request.raw))
        return reply.redirect('/', 303);
      return asPage(reply.code(401))
        .header('www-authenticate', 'Basic realm="pmemwatch", charset="UTF-8"')
        .send(documentOf('Not signed in · pmemwatch', 'unknown', signInPage(context.view().state.host.name), false));
    });
    void app.register(async (scope) => {
      scope.setErrorHandler((cause, request, reply) => {
        if (!(cause instanceof HttpProblem) || cause.status >= 500) throw cause;
        return page(request, reply.code(cause.status).headers(cause.headers), { level: 'bad', text: cause.message });
      });
      registerActions(scope as HttpApp, context);
    });
  },
};

function createPage(context: RouteContext) {
  const { access, describe } = context;
  const descriptions = createDescriptions(describe);
  return async (request: FastifyRequest, reply: FastifyReply, notice: Notice | undefined) => {
    const pause = createPause();
    const { zoom } = request.query as Record<string, unknown>;
    const reader = { mayRead: access.mayRead(request.raw), mayOperate: access.mayOperate(request.raw) };
    const query = typeof zoom === 'string' ? { zoom } : {};
    const input = await gatherPage(context, { query, reader, notice, describe: descriptions }, pause);
    return asPage(reply).send(await renderPage(input, pause));
  };
}

/** Whether somebody looks, with a browser: what is asked of the API is answered as the API does. */
export function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && !/^\/api(?:[/?]|$)/.test(url) && wantsHtml(headers.accept);
}
export function sendNotFoundPage(reply: FastifyReply): FastifyReply {
  return asPage(reply.code(404)).send(documentOf('Not found · pmemwatch', 'unknown', notFoundPage, false));
}

/** `same-origin`: without a referrer a browser says of its forms that they come from nowhere, and they would be refused. */
function asPage(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', contentSecurityPolicy)
    .header('referrer-policy', 'same-origin');
}
