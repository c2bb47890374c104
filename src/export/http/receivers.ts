import { Type } from 'typebox';
import { emptyBody, operateScope, said } from './asking.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { closed, nullable, problems } from './schemas.ts';

const resultSchema = Type.Object(
  {
    receiver: Type.String(),
    message: Type.String({ description: 'id of the test message' }),
    delivered: Type.Boolean(),
    reason: nullable(Type.String({ description: 'why not, with what the receiver said' })),
    tookSeconds: Type.Number(),
  },
  closed,
);

/** Whether receivers can be told something. */
export const receiversRoute: HttpRoute = {
  name: 'receivers',
  register(app, { deliveries, access }) {
    app.post(
      '/api/v1/receivers/:name/test',
      {
        schema: {
          operationId: 'testReceiver',
          summary: 'Send a test message (`pmem.test`) to a receiver at once, and say what came of it',
          description: `${operateScope.note} Answers when the receiver has, within its timeout; nothing is tried again.`,
          security: operateScope.security,
          tags: ['deliveries'],
          params: Type.Object({ name: Type.String() }, closed),
          body: Type.Object(said, { ...closed, examples: [{ author: 'ada', reason: 'after the move' }] }),
          response: { 200: resultSchema, ...problems },
        },
        preValidation: emptyBody,
      },
      async (request) => {
        const via = access.operator(request.raw);
        const { author = via, reason = '' } = request.body;
        const { name } = request.params;
        const result = await deliveries.test(name, { author, reason, via });
        if (result === undefined) throw new HttpProblem(404, 'No receiver has this name in the configuration.');
        const { message, delivered, tookMs } = result;
        return { receiver: name, message, delivered, reason: result.reason, tookSeconds: tookMs / 1000 };
      },
    );
  },
};
