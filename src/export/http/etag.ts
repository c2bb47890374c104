import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What an answer is made of: objects that are replaced and never changed in place, and plain values. */
export type MadeOf = Iterable<object | string | number | boolean | null>;

const numbers = new WeakMap<object, number>();
let next = 1;
/** numbers begin anew with each process */
const run = randomBytes(9).toString('base64url');

/**
 * Names a state of an answer without making it. Weak: what does not matter to who has the answer already, such as the time of
 * the last pass in which nothing changed, is no part of it (RFC 9110, 8.8.1).
 */
export function etagOf(parts: MadeOf): string {
  const hash = createHash('sha1').update(run);
  for (const part of parts) hash.update(typeof part === 'object' && part !== null ? `#${numberOf(part)}` : `\0${part}`);
  return `W/"${hash.digest('base64url')}"`;
}
function numberOf(part: object): number {
  const known = numbers.get(part);
  if (known !== undefined) return known;
  numbers.set(part, next);
  return next++;
}

/** Answers 304 where the client has what there is, before it is made. To be a `preHandler`. */
export async function answerIfChanged(request: FastifyRequest, reply: FastifyReply, parts: MadeOf): Promise<void> {
  const etag = etagOf(parts);
  reply.header('etag', etag);
  const known = request.headers['if-none-match'];
  if (known === undefined) return;
  const opaque = etag.slice('W/'.length);
  if (known.trim() === '*' || known.split(',').some((each) => each.trim().replace(/^W\//, '') === opaque)) {
    await reply.code(304).send();
  }
}
