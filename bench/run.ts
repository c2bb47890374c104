/**
 * `npm run bench`: builds dist, then runs each benchmark beside its peer. Prints ratios; exits 1 when one is over its
 * limit. `npm run bench -- resolve` runs the one of the resolvers instead, `-- notify` the one of messages: both need root and
 * room for their images; `-- http` the one of the API, `-- fleet` what many hosts cost a Prometheus.
 */
import { execFileSync } from 'node:child_process';
import { benchFleet } from './fleet/run.ts';
import { benchHttp } from './http/run.ts';
import { benchMemory } from './memory.ts';
import { benchNotify } from './notify/run.ts';
import { benchResolve } from './resolve/run.ts';
import { benchScrape } from './scrape.ts';

const named = { resolve: benchResolve, notify: benchNotify, http: benchHttp, fleet: benchFleet };

const [which, ...rest] = process.argv.slice(2);
execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
const results =
  which !== undefined && Object.hasOwn(named, which)
    ? { [which]: await named[which as keyof typeof named](rest) }
    : { memory: await benchMemory(), scrape: await benchScrape() };
const bad = Object.entries(results)
  .filter(([, fine]) => !fine)
  .map(([name]) => name);
console.log(bad.length === 0 ? 'all within their limits' : `over its limit: ${bad.join(', ')}`);
process.exitCode = bad.length === 0 ? 0 : 1;
