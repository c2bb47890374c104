import { createHash } from 'node:crypto';
import { renderPage } from './page/render.ts';
import { styleSheet } from './page/style.ts';
import type { HttpRoute } from './route.ts';

const styleHash = createHash('sha256').update(styleSheet).digest('base64');
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page: no script, nothing from elsewhere. */
export const pageRoute: HttpRoute = {
  name: 'page',
  register(app, { view, ready, telemetryPath }) {
    app.get('/', { schema: { hide: true } }, (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', contentSecurityPolicy)
        .send(renderPage(view(), ready(), telemetryPath)),
    );
  },
};
