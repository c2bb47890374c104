import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../../model/errors.ts';
import type { Logger } from '../../ports.ts';
import { HttpProblem, problemOf } from './problem.ts';

/** Of every answer, unless the route or `--web.config.file` has its own. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

/** How errors are answered: as problem documents, whatever went wrong. @param headers of every answer, now */
export function createAnswers(headers: () => Record<string, string>, log: Logger) {
  function problem(request: FastifyRequest, reply: FastifyReply, status: number, detail: string): FastifyReply {
    return reply
      .code(status)
      .headers(headers())
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(status, detail, request.url)));
  }
  function error(cause: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (cause instanceof HttpProblem) {
      if (cause.cause !== undefined) log.warn({ err: cause.cause, url: request.routeOptions.url }, 'a request failed');
      return problem(request, reply.headers(cause.headers), cause.status, cause.message);
    }
    const { statusCode, validation } = cause as Partial<FastifyError>;
    if (validation !== undefined) return problem(request, reply, 400, validationDetail(cause as FastifyError));
    if (statusCode !== undefined && statusCode < 500) return problem(request, reply, statusCode, messageOf(cause));
    log.error({ err: cause, url: request.routeOptions.url }, 'a request failed: this is a bug in pmemwatch');
    return problem(request, reply, 500, 'The log of the agent says more.');
  }
  return { problem, error };
}

export function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function validationDetail(error: FastifyError): string {
  const where = error.validationContext ?? 'request';
  return (error.validation ?? [])
    .map(({ instancePath, message, params }) => {
      const unknown = params['additionalProperty'];
      if (typeof unknown === 'string') return `${where}: "${unknown}" is not a parameter here`;
      return `${where}${instancePath.replaceAll('/', '.')} ${message ?? 'is not valid'}`;
    })
    .join('; ');
}
