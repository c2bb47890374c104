/** The HTTP side over a state built in code: by injection, or really listening in a temporary folder. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeliverySource, ProbeSource } from '../../../src/export/http/route.ts';
import type { HttpConfig, HttpDeps } from '../../../src/export/http/server.ts';
import { createSocketFiles } from '../../../src/linux/socket-files.ts';
import { openRules } from '../../../src/model/web-rules.ts';
import type { Logger } from '../../../src/ports.ts';
import { damagedState, viewOf } from '../built-state.ts';

export interface LoggedLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}
export function recordingLogger(lines: LoggedLine[]): Logger {
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  return log;
}

export const noDeliveries: DeliverySource = {
  list: async () => [],
  complete: () => true,
  replay: async () => ({ kind: 'not-found' }),
  replayDead: async () => ({ kind: 'not-found' }),
  test: async () => undefined,
};

const noProbe: ProbeSource = {
  resolve: async () => assert.fail('nothing is to be asked of the probe'),
  check: async () => assert.fail('nothing is to be asked of the probe'),
  walkRoots: () => [],
};

export function httpDeps(
  more: Partial<Omit<HttpDeps, 'config'>> & { config?: Partial<HttpConfig>; lines?: LoggedLine[] } = {},
): HttpDeps {
  const { config, lines, ...rest } = more;
  return {
    view: () => viewOf(damagedState()),
    events: async () => ({ items: [], next: null }),
    newestEventId: () => 0,
    firstKeptEventId: () => 1,
    historyVersion: () => 0,
    onPass: () => () => undefined,
    ready: () => ({ ready: true }),
    reload: async () => ({ ok: true, problems: [] }),
    deliveries: noDeliveries,
    describe: ({ condition }) => ({ summary: `a sentence about ${condition}`, nextSteps: ['do `this` first'] }),
    decide: async () => ({ kind: 'not-found' }),
    probe: noProbe,
    scrub: async () => ({ started: [], refused: [] }),
    sockets: createSocketFiles(),
    passwords: { verify: async () => assert.fail('no password is to be checked'), close: () => undefined },
    log: recordingLogger(lines ?? []),
    ...rest,
    config: {
      telemetryPath: '/metrics',
      allowedHosts: [],
      corsOrigins: [],
      socketMode: 0o660,
      tokens: [],
      rules: openRules,
      ...config,
    },
  };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pmemwatch-http-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
/** One request over a real connection. */
export function ask(
  to: { socketPath: string } | { host: string; port: number },
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...to, path, agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
