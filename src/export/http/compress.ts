import type { Readable } from 'node:stream';
import { createGzip, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Less is sent as fast as it is. */
const WORTH_BYTES = 1024;
/** Text of lists and metrics shrinks to a tenth with it; more costs several times as much and saves little. */
const LEVEL = 1;
const TEXT = /^(?:text\/|application\/(?:json|problem\+json|openmetrics-text))/;

/** gzip for those who take it, made beside the event loop. To be an `onSend` hook. */
export async function compress(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const stream = isStream(payload);
  if (!stream && typeof payload !== 'string') return payload;
  if (reply.hasHeader('content-encoding') || !TEXT.test(String(reply.getHeader('content-type')))) return payload;
  if (!stream && payload.length < WORTH_BYTES) return payload;
  addVary(reply, 'accept-encoding');
  if (!takesGzip(request.headers['accept-encoding'])) return payload;
  reply.header('content-encoding', 'gzip').removeHeader('content-length');
  if (stream) return payload.pipe(createGzip({ level: LEVEL }));
  return new Promise((done, fail) => {
    gzip(payload, { level: LEVEL }, (error, packed) => (error === null ? done(packed) : fail(error)));
  });
}

/** Adds to what others have said. */
export function addVary(reply: FastifyReply, header: string): void {
  const said = String(reply.getHeader('vary') ?? '');
  if (said.toLowerCase().split(/, */).includes(header)) return;
  reply.header('vary', said === '' ? header : `${said}, ${header}`);
}

function isStream(payload: unknown): payload is Readable {
  return typeof payload === 'object' && payload !== null && 'pipe' in payload;
}

/** RFC 9110, 12.5.3. */
function takesGzip(accepted: string | undefined): boolean {
  const weights = new Map<string, number>();
  for (const each of (accepted ?? '').split(',')) {
    const [coding = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(coding, Number(weight ?? 1));
  }
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}
