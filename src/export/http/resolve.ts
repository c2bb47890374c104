import { Type } from 'typebox';
import { run } from '../../model/extent.ts';
import { resolveJson } from '../../model/resolve-json.ts';
import type { Topology } from '../../model/topology.ts';
import { JOB_DEADLINE_MS } from './jobs.ts';
import { jsonPieces } from './json-pieces.ts';
import { ownerSchema } from './owners.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { closed, problems, readScope } from './schemas.ts';

const MOST_RANGES = 1000;
/** 16 MiB: each may have an owner of its own. */
const MOST_SECTORS = 32_768;

const body = Type.Object(
  {
    device: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'such as pmem0, /dev/pmem0p1, /dev/mapper/vg-pg or dax0.0: one that /api/v1/topology names',
    }),
    ranges: Type.Array(
      Type.Object(
        {
          start: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'sector of 512 bytes' }),
          count: Type.Integer({ minimum: 1, maximum: MOST_SECTORS, description: 'sectors of 512 bytes' }),
        },
        closed,
      ),
      { minItems: 1, maxItems: MOST_RANGES },
    ),
  },
  { ...closed, examples: [{ device: 'pmem0', ranges: [{ start: 262_144, count: 8 }] }] },
);
const answerSchema = Type.Object(
  {
    device: Type.String(),
    complete: Type.Boolean({ description: 'false when an owner may be missing: `reason` of an owner says why' }),
    results: Type.Array(
      Type.Object(
        {
          start: Type.Integer(),
          count: Type.Integer(),
          complete: Type.Boolean(),
          owners: Type.Array(ownerSchema),
        },
        closed,
      ),
      { description: 'every sector in an owner, or in several where storage is shared' },
    ),
  },
  closed,
);

/** Who owns sectors, bad or not: as `pmemwatch resolve --json`. */
export const resolveRoute: HttpRoute = {
  name: 'resolve',
  register(app, { view, access, jobs, probe }) {
    app.post(
      '/api/v1/resolve',
      {
        schema: {
          operationId: 'resolve',
          summary: 'Who owns these sectors: the document of `pmemwatch resolve --json`',
          description: `At most ${MOST_RANGES} ranges and ${MOST_SECTORS} sectors. Looks at the file systems themselves, within ${JOB_DEADLINE_MS / 1000} s: what is known by then is answered with \`complete\` false. 503 with \`Retry-After\` while too many ask; whoever ends the connection ends the search. ${readScope.note}`,
          tags: ['media'],
          security: readScope.security,
          body,
          response: { 200: answerSchema, ...problems },
        },
        onRequest: async (request) => access.mustRead(request.raw),
      },
      async (request, reply) => {
        const { device, ranges } = request.body;
        const sectors = ranges.reduce((sum, { count }) => sum + count, 0);
        if (sectors > MOST_SECTORS) {
          throw new HttpProblem(400, `body.ranges has ${sectors} sectors: ask for ${MOST_SECTORS} at most at once.`);
        }
        const last = ranges.find(({ start, count }) => !Number.isSafeInteger(start + count));
        if (last !== undefined) throw new HttpProblem(400, `body.ranges: ${last.start} is beyond every device.`);
        const name = kernelName(device, view().state.topology);
        const runs = ranges.map(({ start, count }) => run(start, count));
        const answer = await jobs.run(reply, (signal) =>
          probe.resolve(
            { device: name, runs, deadlineMs: JOB_DEADLINE_MS, walkRoots: probe.walkRoots() },
            () => undefined,
            signal,
          ),
        );
        const { results, ...rest } = resolveJson(answer);
        reply.type('application/json; charset=utf-8');
        return reply.send(jsonPieces(rest, 'results', results) as never);
      },
    );
  },
};

/** What is asked about as the kernel calls it. @throws HttpProblem 404 for what the inventory does not have */
function kernelName(asked: string, { blockDevices, namespaces }: Topology): string {
  const name = asked.replace(/^\/dev\//, '');
  const device = blockDevices.find((d) => d.name === name || (d.dmName !== undefined && `mapper/${d.dmName}` === name));
  const found = device?.name ?? namespaces.find((n) => n.device === name)?.device;
  if (found === undefined) throw new HttpProblem(404, 'This host has no such device; /api/v1/topology lists them.');
  return found;
}
