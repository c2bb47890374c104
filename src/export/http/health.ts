import { Type } from 'typebox';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { problems } from './schemas.ts';

const line = Type.String();

/** For process supervisors: healthy = the process answers; ready = what it shows can be relied on. */
export const healthRoute: HttpRoute = {
  name: 'health',
  register(app, { ready }) {
    app.get(
      '/-/healthy',
      {
        schema: {
          operationId: 'isHealthy',
          summary: 'Answers as long as the process does',
          tags: ['agent'],
          produces: ['text/plain'],
          response: { 200: line },
        },
      },
      (_request, reply) => {
        reply.type('text/plain; charset=utf-8');
        return 'pmemwatch is healthy.\n';
      },
    );
    app.get(
      '/-/ready',
      {
        schema: {
          operationId: 'isReady',
          summary: 'Whether the first full inventory is done and the store is writable',
          tags: ['agent'],
          produces: ['text/plain'],
          response: { 200: line, ...problems },
        },
      },
      (_request, reply) => {
        const { ready: isReady, reason } = ready();
        if (!isReady) throw new HttpProblem(503, reason ?? 'The first inventory is not done yet.');
        reply.type('text/plain; charset=utf-8');
        return 'pmemwatch is ready.\n';
      },
    );
  },
};
