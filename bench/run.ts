/** `npm run bench`: builds dist, then runs each benchmark beside its peer. Prints ratios; exits 1 when one is over its limit. */
import { execFileSync } from 'node:child_process';
import { benchMemory } from './memory.ts';
import { benchScrape } from './scrape.ts';

execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
const results = { memory: await benchMemory(), scrape: await benchScrape() };
const bad = Object.entries(results)
  .filter(([, fine]) => !fine)
  .map(([name]) => name);
console.log(bad.length === 0 ? 'all within their limits' : `over its limit: ${bad.join(', ')}`);
process.exitCode = bad.length === 0 ? 0 : 1;
