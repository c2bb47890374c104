import { createHash } from 'node:crypto';
import { renderRunbook } from './page/runbook.ts';
import { styleSheet } from './page/style.ts';
import type { HttpRoute } from './route.ts';

const styleHash = createHash('sha256').update(styleSheet).digest('base64');
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; img-src data:; frame-ancestors 'none'`;

/** Where the links of messages lead, unless `notify.runbook_url` says otherwise: a heading for each condition. */
export const runbookRoute: HttpRoute = {
  name: 'runbook',
  register(app) {
    app.get('/runbook', { schema: { hide: true } }, (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', contentSecurityPolicy)
        .send(renderRunbook()),
    );
  },
};
