import { Type } from 'typebox';
import { addVary } from './compress.ts';
import type { HttpRoute } from './route.ts';
import { problems } from './schemas.ts';

export const metricsRoute: HttpRoute = {
  name: 'metrics',
  register(app, { view, metrics, telemetryPath }) {
    app.get(
      telemetryPath,
      {
        schema: {
          operationId: 'getMetrics',
          summary: 'Metrics for Prometheus',
          description: 'Text format 0.0.4, or OpenMetrics 1.0 where Accept prefers it.',
          tags: ['agent'],
          produces: ['text/plain', 'application/openmetrics-text'],
          response: { 200: Type.String(), ...problems },
        },
      },
      async (request, reply) => {
        const { contentType, body } = await metrics.render(view(), request.headers.accept);
        addVary(reply, 'accept');
        return reply.header('content-type', contentType).send(body);
      },
    );
  },
};
