/** One process that is many hosts to Prometheus: `/N/metrics` is host N, with identities of its own and values that move as an agent's do. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { nameOf } from './host-text.ts';

/** Stands for the number of the host in identities. */
const MARK = '\u0001';
const POLL_SECONDS = 60;

interface Line {
  /** up to the value; pieces between which the number of the host stands */
  readonly pieces: readonly string[];
  readonly value: (host: number, seconds: number) => string;
}

function lineOf(text: string): Line {
  const at = text.lastIndexOf(' ');
  const marked = text
    .slice(0, at + 1)
    .replace(/(dimm="\w+-\w+-)\w{4}/g, `$1${MARK}`)
    .replace(/(\buid=")\w{4}/g, `$1${MARK}`)
    .replace(/(uuid=")\w{4}/g, `$1${MARK}`)
    .replace(/(serial="0x)\w{4}/g, `$1${MARK}`);
  return { pieces: marked.split(MARK), value: movementOf(nameOf(text), text.slice(at + 1)) };
}

/** What moves on a healthy host: times of readings, how long they took, temperatures. The rest stands still for weeks. */
function movementOf(name: string, text: string): Line['value'] {
  if (/last_(success|read)_timestamp_seconds$/.test(name)) {
    return (host, seconds) => (seconds - ((seconds + host) % POLL_SECONDS) + host / 10_000).toFixed(3);
  }
  if (name === 'pmemwatch_collector_duration_seconds') {
    return (host, seconds) =>
      (0.002 + (mixed(host, Math.floor((seconds + host) / POLL_SECONDS)) % 1000) / 1e5).toString();
  }
  if (name === 'nvdimm_temperature_celsius') {
    return (host, seconds) => String(Number(text) + (mixed(host, Math.floor((seconds + host) / 600)) % 5));
  }
  return () => text;
}
/** The same number for the same host and time, whoever asks. */
function mixed(a: number, b: number): number {
  return Math.imul(a * 31 + b, 2_654_435_761) >>> 8;
}

function bodyOf(lines: readonly Line[], host: number, seconds: number): string {
  const id = host.toString(16).padStart(4, '0');
  let body = '';
  for (const { pieces, value } of lines) body += `${pieces.join(id)}${value(host, seconds)}\n`;
  return body;
}

/** For `create-blocks-from openmetrics`: hosts over a time, with their instance as Prometheus would add it. */
export function* history(
  template: readonly string[],
  hosts: number,
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
): Iterable<string> {
  const lines = template.map(lineOf);
  for (let host = 0; host < hosts; host++) {
    for (const { pieces, value } of lines) {
      const series = pieces.join(host.toString(16).padStart(4, '0')).trimEnd();
      const own = `job="pmemwatch",instance="db${host}:9915"`;
      const named = series.endsWith('}') ? `${series.slice(0, -1)},${own}}` : `${series}{${own}}`;
      let text = '';
      for (let at = from; at <= to; at += step) text += `${named} ${value(host, at)} ${at}\n`;
      yield text;
    }
  }
}

if (import.meta.main) {
  const [healthyFile = '', damagedFile = ''] = process.argv.slice(2);
  const [healthy, damaged] = [healthyFile, damagedFile].map((file) =>
    readFileSync(file, 'utf8').split('\n').map(lineOf),
  );
  const server = createServer((request, response) => {
    const host = Number(/^\/(\d+)\//.exec(request.url ?? '')?.[1]);
    // one host in a hundred has damage
    const lines = (host % 100 === 0 ? damaged : healthy) ?? [];
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(bodyOf(lines, host, Math.floor(Date.now() / 1000)));
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
  });
}
