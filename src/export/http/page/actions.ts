import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import type { OperatorAnswer } from '../../../model/operator.ts';
import { HttpProblem } from '../problem.ts';
import type { HttpApp, RouteContext } from '../route.ts';
import { expiries } from './incidents.ts';

const HOUR_MS = 3_600_000;
const closed = { additionalProperties: false } as const;
const author = Type.String({ minLength: 1, maxLength: 200 });
const reason = Type.String({ maxLength: 2000 });
const expires = Type.Enum(Object.keys(expiries));
const incidentParams = Type.Object({ id: Type.String() }, closed);

/** What an action has come to, by the name that its answer carries to the page. */
export const done = {
  acknowledged: 'Acknowledged: only growth and the end are told from now on.',
  closed: 'The incident is closed.',
  scrub: 'A scrub was asked for: its state follows below.',
  replayed: 'It is on its way again.',
} as const;
export type Done = keyof typeof done;
export function isDone(name: unknown): name is Done {
  return typeof name === 'string' && Object.hasOwn(done, name);
}

/**
 * The forms of the page: what the API does with the same words, but in the format that a browser sends without a script. The
 * answer leads back to the page. That no page from elsewhere sends them is seen to by the gate.
 */
export function registerActions(app: HttpApp, { access, view, decide, scrub, deliveries }: RouteContext): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) => {
    parsed(null, Object.fromEntries(new URLSearchParams(String(body))));
  });
  const operator = (request: { readonly raw: IncomingMessage }): string => {
    const via = access.operator(request.raw);
    // before the first reading nothing says whether what is asked for may be done
    if (!view().state.inventoried) throw new HttpProblem(503, 'The first inventory is not done yet: try again soon.');
    return via;
  };

  app.post(
    '/page/incidents/:id/acknowledge',
    { schema: { hide: true, params: incidentParams, body: Type.Object({ author, reason, expires }, closed) } },
    async (request, reply) => {
      const via = operator(request);
      const { expires, ...said } = request.body;
      const hours = expiries[expires] ?? null;
      const expiresAt = hours === null ? null : Date.now() + hours * HOUR_MS;
      const { id: incident } = request.params;
      mustBeDone(await decide({ kind: 'acknowledge', incident, ...said, expiresAt, via }));
      return reply.redirect(back('acknowledged', `incident-${incident}`), 303);
    },
  );
  app.post(
    '/page/incidents/:id/close',
    { schema: { hide: true, params: incidentParams, body: Type.Object({ author, reason }, closed) } },
    async (request, reply) => {
      const via = operator(request);
      const { id: incident } = request.params;
      mustBeDone(await decide({ kind: 'close', incident, ...request.body, expiresAt: null, via }));
      return reply.redirect(back('closed', 'notice'), 303);
    },
  );
  app.post(
    '/page/scrubs',
    { schema: { hide: true, body: Type.Object({ bus: Type.String({ minLength: 1, maxLength: 64 }) }, closed) } },
    async (request, reply) => {
      const via = operator(request);
      const { bus } = request.body;
      const { started, refused } = await scrub({ bus, asker: { author: via, via, reason: 'asked for on the page' } });
      if (started.length === 0)
        throw new HttpProblem(409, `No scrub was started: ${refused.map(({ reason }) => reason).join('; ')}.`);
      return reply.redirect(back('scrub', `scrub-${bus}`), 303);
    },
  );
  const asker = (via: string) => ({ author: via, via, reason: 'asked for on the page' });
  app.post(
    '/page/deliveries/:id/replay',
    { schema: { hide: true, params: Type.Object({ id: Type.String({ pattern: '^[0-9]{1,15}$' }) }, closed) } },
    async (request, reply) => {
      const via = operator(request);
      const answer = await deliveries.replay(Number(request.params.id), asker(via)).catch(unwritable);
      if (answer.kind === 'not-found') throw new HttpProblem(404, 'This delivery is not known any more.');
      if (answer.kind === 'refused') throw new HttpProblem(409, `Not sent again: ${answer.reason}.`);
      return reply.redirect(back('replayed', 'deliveries'), 303);
    },
  );
  app.post(
    '/page/receivers/:name/replay',
    { schema: { hide: true, params: Type.Object({ name: Type.String() }, closed) } },
    async (request, reply) => {
      const via = operator(request);
      const answer = await deliveries.replayDead(request.params.name, asker(via)).catch(unwritable);
      if (answer.kind !== 'done') throw new HttpProblem(404, 'No receiver has this name in the configuration.');
      return reply.redirect(back('replayed', 'deliveries'), 303);
    },
  );
}

function mustBeDone(answer: OperatorAnswer): void {
  if (answer.kind === 'refused') throw new HttpProblem(409, `Refused: ${answer.reason}.`);
  if (answer.kind === 'not-found') throw new HttpProblem(404, 'This incident is not known any more.');
}
function unwritable(cause: unknown): never {
  throw new HttpProblem(503, 'The state file cannot be written now, so nothing is sent again: see the log.', {}, cause);
}
function back(name: Done, anchor: string): string {
  return `/?done=${name}#${encodeURIComponent(anchor)}`;
}
