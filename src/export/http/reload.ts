import { Type } from 'typebox';
import { operateScope } from './asking.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { closed, problems } from './schemas.ts';

export const reloadRoute: HttpRoute = {
  name: 'reload',
  register(app, { reload, access }) {
    app.post(
      '/-/reload',
      {
        schema: {
          operationId: 'reload',
          summary: 'Load the configuration again',
          description: operateScope.note,
          security: operateScope.security,
          tags: ['agent'],
          response: { 200: Type.Object({ ok: Type.Literal(true) }, closed), ...problems },
        },
      },
      async (request) => {
        access.operator(request.raw);
        const result = await reload();
        if (!result.ok) {
          throw new HttpProblem(400, `The configuration stays as it was: ${result.problems.join('; ')}`);
        }
        return { ok: true as const };
      },
    );
  },
};
