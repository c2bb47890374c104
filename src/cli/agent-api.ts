import type { IncomingMessage } from 'node:http';
import { clientFlags } from '../config/flags.ts';
import { type AgentConnection, askJson, connectionFor, notAnAgent, openAnswer } from './agent-connection.ts';
import type { CommandArguments, CommandContext, CommandOption } from './command.ts';
import { configOption, optionsOf } from './settings.ts';

export const clientOptions: Readonly<Record<string, CommandOption>> = { ...optionsOf(clientFlags), ...configOption };
export const apiOptions: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', help: 'one JSON document instead of text' },
  ...clientOptions,
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
  /** An answer that goes on, as long as something comes at least so often. @throws AgentError */
  follow(path: string, headers: Readonly<Record<string, string>>, patienceMs: number): Promise<IncomingMessage>;
  readonly connection: AgentConnection;
}

/** The HTTP API of the running agent; over its unix socket file names are shown. @throws AgentError USAGE or CONFIG */
export async function agentApi(args: CommandArguments, context: CommandContext): Promise<AgentApi> {
  return apiOver(await connectionFor(args, context), context.signal);
}

export function apiOver(connection: AgentConnection, signal: AbortSignal): AgentApi {
  const page = async (path: string): Promise<Page> => {
    const answer = await askJson(connection, { path, signal });
    if (isPage(answer)) return answer;
    throw notAnAgent(connection, path);
  };
  return {
    connection,
    page,
    get: (path) => askJson(connection, { path, signal }),
    post: (path, body, patienceMs) =>
      askJson(connection, { path, body, signal, ...(patienceMs === undefined ? {} : { patienceMs }) }),
    follow: (path, headers, patienceMs) => openAnswer(connection, { path, headers, patienceMs, signal }),
    async list(path) {
      const items: unknown[] = [];
      let complete = true;
      for (let at = path; ; ) {
        const { next, ...found } = await page(at);
        for (const item of found.items) items.push(item);
        complete &&= found.complete;
        if (next === null) return { items, complete, readAt: found.readAt };
        at = nextPage(path, next);
      }
    },
  };
}

/** The address of the page after one, by what that says is `next`. */
export function nextPage(path: string, next: string): string {
  const first = path.replace(/([?&])after=[^&]*&?/, '$1').replace(/[?&]$/, '');
  return `${first}${first.includes('?') ? '&' : '?'}after=${encodeURIComponent(next)}`;
}

function isPage(answer: unknown): answer is Page {
  return typeof answer === 'object' && answer !== null && 'items' in answer && Array.isArray(answer.items);
}
