/** Loaded into a server with `--import`: appends to PMEMWATCH_BENCH_LOOP, once a second, how late its event loop was and what it holds. */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const file = process.env['PMEMWATCH_BENCH_LOOP'];
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
setInterval(() => {
  const line = {
    pid: process.pid,
    at: Date.now(),
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
    rssBytes: process.memoryUsage.rss(),
  };
  delay.reset();
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}, 1000).unref();
