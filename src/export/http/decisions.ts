import { Type } from 'typebox';
import type { OperatorAnswer } from '../../model/operator.ts';
import { emptyBody, operateScope, said } from './asking.ts';
import { incidentJson, incidentSchema } from './incidents.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { closed, problems } from './schemas.ts';

const params = Type.Object({ id: Type.String() }, closed);
const acknowledgeBody = Type.Object(
  {
    ...said,
    expiresAt: Type.Optional(
      Type.String({
        maxLength: 40,
        description: 'RFC 3339: until then only growth and the end are told; unless given, until it ends',
      }),
    ),
  },
  { ...closed, examples: [{ author: 'ada', reason: 'restoring from the replica', expiresAt: '2030-01-31T08:00:00Z' }] },
);
const closeBody = Type.Object(said, { ...closed, examples: [{ author: 'ada', reason: 'the module was replaced' }] });

/** What people decide about an incident. */
export const decisionsRoute: HttpRoute = {
  name: 'decisions',
  register(app, { view, decide, access }) {
    const shown = (answer: OperatorAnswer) => {
      if (answer.kind === 'done') return incidentJson(answer.incident, true);
      if (answer.kind === 'refused') throw new HttpProblem(409, `Refused: ${answer.reason}.`);
      throw new HttpProblem(404, 'No incident has this id; those resolved longer ago than the retention are gone.');
    };
    const mustBeReady = () => {
      // before the first reading nothing says whether what is asked for may be done
      if (!view().state.inventoried) throw new HttpProblem(503, 'The first inventory is not done yet: ask again soon.');
    };
    app.post(
      '/api/v1/incidents/:id/acknowledge',
      {
        schema: {
          operationId: 'acknowledgeIncident',
          summary: 'Take an incident on: only growth and the end are told from now on',
          description: operateScope.note,
          security: operateScope.security,
          tags: ['incidents'],
          params,
          body: acknowledgeBody,
          response: { 200: incidentSchema, ...problems },
        },
        preValidation: emptyBody,
      },
      async (request) => {
        const via = access.operator(request.raw);
        mustBeReady();
        const { author = via, reason = '', expiresAt } = request.body;
        const until = expiresAt === undefined ? null : Date.parse(expiresAt);
        if (Number.isNaN(until)) throw new HttpProblem(400, 'body.expiresAt is no time in RFC 3339.');
        if (until !== null && until <= Date.now()) throw new HttpProblem(400, 'body.expiresAt is in the past.');
        const { id: incident } = request.params;
        return shown(await decide({ kind: 'acknowledge', incident, author, reason, expiresAt: until, via }));
      },
    );
    app.post(
      '/api/v1/incidents/:id/close',
      {
        schema: {
          operationId: 'closeIncident',
          summary: 'End an incident; refused while a reading of this run shows what it is about',
          description: operateScope.note,
          security: operateScope.security,
          tags: ['incidents'],
          params,
          body: closeBody,
          response: { 200: incidentSchema, ...problems },
        },
        preValidation: emptyBody,
      },
      async (request) => {
        const via = access.operator(request.raw);
        mustBeReady();
        const { author = via, reason = '' } = request.body;
        const { id: incident } = request.params;
        return shown(await decide({ kind: 'close', incident, author, reason, expiresAt: null, via }));
      },
    );
  },
};
