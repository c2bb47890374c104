import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Fired {
  readonly answered: number;
  /** other statuses than 2xx, errors and time-outs */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
interface Report {
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
}

const autocannon = join(import.meta.dirname, '../../node_modules/autocannon/autocannon.js');

/** Asks an address by autocannon, in a process of its own, over ten connections. */
export async function fire(
  url: string,
  rate: { readonly seconds: number; readonly perSecond: number },
): Promise<Fired> {
  const args = ['--json', '--no-progress', '--connections', '10', '--overallRate', String(rate.perSecond)];
  const command = [autocannon, ...args, '--duration', String(rate.seconds), url];
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 1 << 26 });
  const report = JSON.parse(stdout) as Report;
  return {
    answered: report['2xx'],
    failed: report.non2xx + report.errors + report.timeouts,
    p50Ms: report.latency.p50,
    p99Ms: report.latency.p99,
  };
}
