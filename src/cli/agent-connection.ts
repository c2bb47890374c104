import type { IncomingMessage, RequestOptions } from 'node:http';
import { loadClient } from '../config/load.ts';
import { AgentError } from '../model/errors.ts';
import { refusedBy, unreachable } from './agent-trouble.ts';
import { usage } from './arguments.ts';
import type { CommandArguments, CommandContext } from './command.ts';
import { printable } from './print.ts';
import { settingsFor } from './settings.ts';

/** Where an agent is asked, and as whom. */
export interface AgentConnection {
  /** for people: a socket's file, or an address */
  readonly name: string;
  /** whether it was named, by a flag or the environment, and not only by the configuration or its default */
  readonly named: boolean;
  /** whether a token or a login goes with each request */
  readonly hasCredentials: boolean;
  readonly request: RequestOptions & { readonly protocol: string; readonly path: string };
}

export interface AgentQuestion {
  /** below the address: `/api/v1/incidents` */
  readonly path: string;
  /** a POST with this body; without, a GET */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** how long the agent may say nothing, in ms; the deadline of each wait, not of the whole answer */
  readonly patienceMs?: number;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 10_000;
const LARGEST_BYTES = 256 * 1024 * 1024;

/**
 * As flags, environment and configuration say.
 * @param configured the socket of the configuration, for who has read that already
 * @throws AgentError USAGE or CONFIG
 */
export async function connectionFor(
  args: CommandArguments,
  context: CommandContext,
  configured = async () => (await settingsFor(args, context)).config.api.socket,
): Promise<AgentConnection> {
  const loaded = await loadClient(args.values);
  if ('problem' in loaded) throw usage(loaded.problem);
  const { client } = loaded;
  if (client.kind === 'socket') {
    const path = client.path ?? (await configured());
    if (path !== undefined) return socketConnection(path, client.path !== undefined);
    throw new AgentError(
      'USAGE',
      'the configuration switches the socket off (api.socket): name one with --socket, or an address with --agent',
      { context: { unmet: true } },
    );
  }
  for (const warning of client.warnings) context.stderr.write(`pmemwatch: warning: ${printable(warning)}\n`);
  const { url, authorization, ca, cert, key } = client;
  return {
    name: url.href,
    named: true,
    hasCredentials: authorization !== undefined,
    request: {
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: url.pathname.slice(0, -1),
      headers: authorization === undefined ? {} : { authorization },
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      // whatever NODE_TLS_REJECT_UNAUTHORIZED says: the token goes to whoever answers
      rejectUnauthorized: true,
    } as AgentConnection['request'],
  };
}

export function socketConnection(socketPath: string, named: boolean): AgentConnection {
  const request = { protocol: 'http:', socketPath, path: '', headers: { host: 'localhost' } };
  return { name: socketPath, named, hasCredentials: false, request };
}

/** The answer to one question, once its status says that it is one. @throws AgentError */
export async function openAnswer(connection: AgentConnection, question: AgentQuestion): Promise<IncomingMessage> {
  const { path, body, headers, patienceMs = TIMEOUT_MS, signal } = question;
  const { request } = connection;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const start = (await import(
    request.protocol === 'https:' ? 'node:https' : 'node:http'
  )) as typeof import('node:http');
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    const asked = start.request(
      {
        ...request,
        path: request.path + path,
        method: text === undefined ? 'GET' : 'POST',
        headers: {
          ...(request.headers as Record<string, string>),
          accept: 'application/json',
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        // a connection of before may lead to an agent that is gone
        agent: false,
        timeout: patienceMs,
        signal,
      },
      (response) => {
        // what goes wrong from here on is told to who reads it
        response.on('error', () => undefined);
        asked.removeAllListeners('timeout').on('timeout', () => response.destroy(silent(connection, patienceMs)));
        done(response);
      },
    );
    asked.on('timeout', () => asked.destroy(silent(connection, patienceMs)));
    asked.on('error', (error) => fail(error instanceof AgentError ? error : unreachable(connection, error)));
    asked.end(text);
  });
  const { statusCode = 0 } = answer;
  if (statusCode === 200 || statusCode === 202) return answer;
  const said = await textOf(answer, connection).catch(() => '');
  throw refusedBy(connection, statusCode, said, path);
}

/** Everything that the agent answers. @throws AgentError, also when it breaks off or says nothing for too long */
export async function askText(connection: AgentConnection, question: AgentQuestion): Promise<string> {
  return textOf(await openAnswer(connection, question), connection);
}

/** @throws AgentError as `askText`, and when the answer is no JSON */
export async function askJson(connection: AgentConnection, question: AgentQuestion): Promise<unknown> {
  const text = await askText(connection, question);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notAnAgent(connection, question.path);
  }
}

export function notAnAgent({ name }: AgentConnection, path: string): AgentError {
  return new AgentError(
    'PROBE',
    `${name} answered ${path} with something else than a pmemwatch agent does: is it one, of this version?`,
  );
}

async function textOf(answer: IncomingMessage, connection: AgentConnection): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LARGEST_BYTES) {
        throw new AgentError('PROBE', `${connection.name}: the answer is larger than 256 MiB: ask for less (--limit)`);
      }
    }
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw unreachable(connection, error);
  } finally {
    answer.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

function silent({ name }: AgentConnection, patienceMs: number): AgentError {
  return new AgentError('PROBE', `${name}: the agent has not answered in ${patienceMs / 1000} s: see its log`, {
    context: { silent: true },
  });
}
