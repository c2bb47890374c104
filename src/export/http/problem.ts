import { type Static, Type } from 'typebox';

/** RFC 9457. `detail` says what to do. */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'about:blank: the status says what kind of problem it is' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
  },
  {
    additionalProperties: false,
    title: 'Problem',
    description: 'A problem document (RFC 9457)',
    examples: [
      {
        type: 'about:blank',
        title: 'Not found',
        status: 404,
        detail: 'This host has no such device; /api/v1/topology lists them.',
        instance: '/api/v1/resolve',
      },
    ],
  },
);
export type Problem = Static<typeof problemSchema>;

const titles: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'Credentials are needed',
  403: 'Not allowed here',
  404: 'Not found',
  409: 'Not possible now',
  413: 'The request is too large',
  415: 'Unsupported media type',
  421: 'This host name is not served here',
  429: 'Too many requests',
  500: 'The agent failed to answer',
  501: 'Not possible here',
  503: 'Not ready',
};

/** Thrown by a route, answered as a problem document. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.status = status;
    this.headers = headers;
  }
}

export function problemOf(status: number, detail: string, instance?: string): Problem {
  return {
    type: 'about:blank',
    title: titles[status] ?? (status < 500 ? 'The request cannot be answered' : 'The agent failed to answer'),
    status,
    detail,
    ...(instance === undefined ? {} : { instance }),
  };
}
