import { type Static, Type } from 'typebox';
import type { State } from '../../model/state.ts';
import { JOB_DEADLINE_MS } from './jobs.ts';
import { jsonPieces } from './json-pieces.ts';
import { goodCopySchema } from './owners.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { closed, nullable, problems, readScope } from './schemas.ts';

const MOST_PATHS = 16;
/** Of all files together: what they take lies in the memory of the process that listens. */
const MOST_RANGES = 100_000;

const query = Type.Object(
  {
    path: Type.Array(Type.String({ minLength: 1, maxLength: 4096, pattern: '^/' }), {
      minItems: 1,
      maxItems: MOST_PATHS,
      description: `absolute; a directory stands for everything below it; may be given up to ${MOST_PATHS} times`,
      examples: [['/pg/base/16402']],
    }),
    clean: Type.Optional(
      Type.Boolean({ default: true, description: 'false: without files that are whole and have no damage' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'most files in the answer' }),
    ),
  },
  closed,
);
const checkedFileSchema = Type.Object(
  {
    path: Type.String(),
    pathBase64: Type.String(),
    complete: Type.Boolean({ description: 'false when damage of it may be missing: see `reason`' }),
    reason: nullable(Type.String()),
    ranges: Type.Array(
      Type.Object(
        {
          offset: Type.Integer({ description: 'bytes from the start of the file' }),
          length: Type.Integer({ description: 'bytes' }),
          device: Type.String(),
          start: Type.Integer({ description: 'sector of 512 bytes on `device`' }),
          count: Type.Integer(),
          goodCopy: Type.Optional(goodCopySchema),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'CheckedFile' },
);
const answerSchema = Type.Object(
  {
    complete: Type.Boolean({ description: 'false when files or damage may be missing: never read it as clean then' }),
    reason: nullable(Type.String({ description: 'why not everything was looked at' })),
    looked: Type.Integer({ description: 'files looked at, told or not' }),
    files: Type.Array(checkedFileSchema),
  },
  closed,
);
type CheckedFile = Static<typeof checkedFileSchema>;

/** Forward look-up: which bytes of files are damaged, as `pmemwatch check --json`. */
export const fileCheckRoute: HttpRoute = {
  name: 'file-check',
  register(app, { view, access, jobs, probe }) {
    app.get(
      '/api/v1/files/check',
      {
        schema: {
          operationId: 'checkFiles',
          summary: 'Which bytes of these files are damaged: the document of `pmemwatch check --json`',
          description: `Only what is mounted from watched devices is looked at, and no symbolic link is followed; nothing of a file is read. Ends after ${JOB_DEADLINE_MS / 1000} s or \`limit\` files with \`complete\` false. 503 with \`Retry-After\` while too many ask; whoever ends the connection ends the search. ${readScope.note}`,
          tags: ['media'],
          security: readScope.security,
          querystring: query,
          response: { 200: answerSchema, ...problems },
        },
        onRequest: async (request) => access.mustRead(request.raw),
        preValidation: async (request) => listPaths(request.query),
      },
      async (request, reply) => {
        const { path, clean = true, limit = 1000 } = request.query;
        const paths = path.map(plainPath);
        const within = watchedDisks(view().state);
        const { end, files, reason } = await jobs.run(reply, (signal) => {
          const job = { paths, deadlineMs: JOB_DEADLINE_MS, tellClean: clean, within };
          return checkAtMost(limit, signal, (taken, take) => probe.check(job, () => undefined, taken, take));
        });
        const why = reason ?? (end.complete ? null : 'see the files; or the time was up');
        const complete = end.complete && reason === undefined;
        reply.type('application/json; charset=utf-8');
        return reply.send(jsonPieces({ complete, reason: why, looked: end.looked }, 'files', files) as never);
      },
    );
  },
};

type Check = (
  signal: AbortSignal,
  take: (files: readonly unknown[]) => Promise<void>,
) => Promise<{ readonly complete: boolean; readonly looked: number }>;

/** Ends the check when it has told as much as an answer holds. */
async function checkAtMost(limit: number, signal: AbortSignal, check: Check) {
  const files: CheckedFile[] = [];
  const full = new AbortController();
  let ranges = 0;
  let reason: string | undefined;
  async function take(found: readonly unknown[]): Promise<void> {
    for (const file of found as readonly CheckedFile[]) {
      if (files.length < limit && ranges + file.ranges.length <= MOST_RANGES) {
        ranges += file.ranges.length;
        files.push({ ...file, reason: file.reason ?? null });
        continue;
      }
      reason = files.length < limit ? `more than ${MOST_RANGES} ranges` : `more than ${limit} files`;
      full.abort();
      return;
    }
  }
  try {
    return { end: await check(AbortSignal.any([signal, full.signal]), take), files, reason };
  } catch (cause) {
    if (signal.aborted || !full.signal.aborted) throw cause;
    return { end: { complete: false, looked: files.length }, files, reason };
  }
}

/** A parameter that is given once is a list of one. */
function listPaths(query: unknown): void {
  const given = query as { path?: unknown };
  if (typeof given.path === 'string') given.path = [given.path];
}

/** Without what says nothing. @throws HttpProblem */
function plainPath(path: string): string {
  if (path.includes('\0')) throw new HttpProblem(400, 'querystring.path has a NUL in it, which no path has.');
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new HttpProblem(400, 'querystring.path has ".." in it: give the path without it.');
  return `/${names.join('/')}`;
}

function watchedDisks({ places }: State): string[] {
  const devices = [...places.values()].filter(({ present }) => present).map(({ place }) => place.device);
  return [...new Set(devices.filter((device) => device !== ''))];
}
