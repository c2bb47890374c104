import { AgentError, errnoOf } from '../model/errors.ts';
import type { CommandArguments, CommandContext, CommandOption } from './command.ts';
import { configOption, settingsFor } from './settings.ts';

export const apiOptions: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', help: 'one JSON document instead of text' },
  socket: { type: 'string', value: 'FILE', help: "the agent's socket [api.socket of the configuration]" },
  ...configOption,
};

export interface Page {
  readonly items: readonly unknown[];
  readonly next: string | null;
  readonly complete: boolean;
  readonly readAt: string | null;
}

export interface AgentApi {
  /** Every item of a list, page by page; `complete` only when all pages were. @throws AgentError */
  list(path: string): Promise<Omit<Page, 'next'>>;
  /** One page. @throws AgentError */
  page(path: string): Promise<Page>;
  /** What is no list. @throws AgentError */
  get(path: string): Promise<unknown>;
  /** The agent's answer. @throws AgentError, with its reason when it refuses */
  post(path: string, body: object, patienceMs?: number): Promise<unknown>;
}

const TIMEOUT_MS = 10_000;
const LARGEST_BYTES = 256 * 1024 * 1024;

/** The HTTP API of the running agent, over its unix socket, where file names are shown. */
export async function agentApi(args: CommandArguments, context: CommandContext): Promise<AgentApi> {
  const named = args.values['socket']?.at(-1);
  const socket = named ?? (await settingsFor(args, context)).config.api.socket;
  if (socket === undefined) {
    throw new AgentError('USAGE', 'the configuration switches the socket off (api.socket): name one with --socket');
  }
  const page = async (path: string): Promise<Page> => pageOf(await get(socket, path, context.signal), path);
  return {
    page,
    get: async (path) => JSON.parse(await get(socket, path, context.signal)) as unknown,
    async post(path, body, patienceMs) {
      return JSON.parse(await send(socket, path, context.signal, JSON.stringify(body), patienceMs)) as unknown;
    },
    async list(path) {
      const items: unknown[] = [];
      let complete = true;
      for (let at = path; ; ) {
        const { next, ...found } = await page(at);
        items.push(...found.items);
        complete &&= found.complete;
        if (next === null) return { items, complete, readAt: found.readAt };
        at = `${path}${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(next)}`;
      }
    },
  };
}

/** One answer of the agent. @throws AgentError */
export async function getJson(socket: string, path: string, signal: AbortSignal): Promise<unknown> {
  return JSON.parse(await get(socket, path, signal)) as unknown;
}

async function get(socketPath: string, path: string, signal: AbortSignal): Promise<string> {
  return send(socketPath, path, signal);
}

/** A GET, or with a body a POST. */
async function send(
  socketPath: string,
  path: string,
  signal: AbortSignal,
  body?: string,
  patienceMs = TIMEOUT_MS,
): Promise<string> {
  const { request } = await import('node:http');
  return new Promise((done, fail) => {
    const asked = request(
      {
        socketPath,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          host: 'localhost',
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        timeout: patienceMs,
        signal,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > LARGEST_BYTES) asked.destroy(new Error('the answer is too large'));
        });
        answer.on('error', fail);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (answer.statusCode === 200 || answer.statusCode === 202) done(text);
          else fail(refused(answer.statusCode ?? 0, text));
        });
      },
    );
    asked.on('timeout', () =>
      asked.destroy(
        new AgentError('PROBE', `${socketPath}: the agent has not answered in ${patienceMs / 1000} s: see its log`),
      ),
    );
    asked.on('error', (error) => fail(error instanceof AgentError ? error : unreachable(socketPath, error)));
    asked.end(body);
  });
}

function unreachable(socket: string, cause: Error): AgentError {
  const errno = errnoOf(cause);
  const advice =
    errno === 'EACCES' || errno === 'EPERM'
      ? 'run it as root or as a member of the group pmemwatch'
      : 'is the agent running? --socket names another place';
  return new AgentError('USAGE', `no answer on ${socket} (${errno ?? cause.message}): ${advice}`, { cause });
}

function refused(status: number, text: string): AgentError {
  let detail = '';
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) detail = String(problem.detail);
  } catch {
    // not a problem document: the status has to do
  }
  return new AgentError('PROBE', `the agent answered ${status}${detail === '' ? ': see its log' : `: ${detail}`}`);
}

function pageOf(text: string, path: string): Page {
  try {
    const page: unknown = JSON.parse(text);
    if (typeof page === 'object' && page !== null && 'items' in page && Array.isArray(page.items)) return page as Page;
  } catch {
    // told below
  }
  throw new AgentError('PROBE', `the agent answered ${path} with something else than a list: are both of one version?`);
}
