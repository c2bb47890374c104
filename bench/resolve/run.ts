/**
 * `npm run bench -- resolve [--full] [--only NAME] [--files N] [--runs N]`: from bad sectors to their owners, beside the
 * best tool there is for each file system, in one run. Needs root. The full size is that of docs/performance.md.
 */
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dropCaches, mountImage } from './lab.ts';
import { type Measured, measure } from './measure.ts';
import type { BenchSubject, BenchWork } from './subject.ts';
import { benchSubjects } from './subjects.ts';

type Platform = typeof import('../../src/linux/platform.ts');

export async function benchResolve(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      files: { type: 'string' },
      runs: { type: 'string', default: '5' },
    },
  });
  if (process.getuid?.() !== 0) throw new Error('needs root: loop devices and mounts');
  console.log(`${cpus()[0]?.model}, ${cpus().length} processors; medians of ${values.runs}`);
  let fine = true;
  for (const subject of benchSubjects.filter((s) => values.only === undefined || s.name === values.only)) {
    const missing = subject.needs.filter((c) => !hasProgram(c));
    if (missing.length > 0) {
      console.log(`${subject.name}: not measured, missing ${missing.join(', ')}`);
      continue;
    }
    const files = Number(values.files ?? (values.full ? subject.files.full : subject.files.reduced));
    fine = (await benchSubject(subject, files, Number(values.runs))) && fine;
  }
  return fine;
}

async function benchSubject(subject: BenchSubject, files: number, runs: number): Promise<boolean> {
  const image = mountImage(subject, files);
  // what is shipped is measured: built by bench/run.ts
  const { createLinuxPlatform } = (await import('../../dist/linux/platform.js' as string)) as Platform;
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, warn: console.warn, error: console.error, child: () => log };
  const roots = { sysfs: '/sys', procfs: '/proc', rootfs: '/', dev: '/dev' };
  const platform = createLinuxPlatform(roots, { deadlineMs: 30_000, log, probeSocket: null });
  try {
    const probe = await platform.probe.hello();
    if (probe === undefined) throw new Error('the probe does not start');
    const { device, mountpoint, sectors } = image;
    const resolve = (list: readonly import('../../src/model/extent.ts').Run[]) =>
      platform.probe.resolver.resolve(
        { device, runs: list, deadlineMs: 300_000, walkRoots: [] },
        () => undefined,
        new AbortController().signal,
      );
    dropCaches();
    const works = await subject.works({ device, mountpoint, sectors, files, resolve });
    const measured = new Map<string, Measured>();
    const rows: string[] = [];
    let fine = true;
    for (const work of works) {
      const result = await measure(work, runs, probe.pid);
      measured.set(work.work, result);
      const problems = files >= subject.files.full ? overLimit(work, result, measured) : [];
      fine &&= problems.length === 0;
      rows.push(rowOf(work, result, problems));
    }
    console.log(`\n${subject.name}, ${files} files\n`);
    console.log('| work | peer | ours warm | cold | peer warm | cold | faster warm | cold | memory | loop p99 | |');
    console.log('|---|---|---|---|---|---|---|---|---|---|---|');
    console.log(rows.join('\n'));
    return fine;
  } finally {
    await platform.close();
    // a probe that has just ended may still hold the mount for a moment
    await new Promise((done) => setTimeout(done, 500));
    image.close();
  }
}

function overLimit(work: BenchWork, m: Measured, others: ReadonlyMap<string, Measured>): string[] {
  const problems: string[] = [];
  const { atLeast, atMostOf, atMostMs } = work;
  if (m.theirs !== undefined) {
    const warm = m.theirs.warmMs / m.ours.warmMs;
    const cold = m.theirs.coldMs / m.ours.coldMs;
    if (warm < (atLeast?.warm ?? 0)) problems.push(`under ${atLeast?.warm}x warm`);
    if (cold < (atLeast?.cold ?? 0)) problems.push(`under ${atLeast?.cold}x cold`);
  }
  const other = atMostOf === undefined ? undefined : others.get(atMostOf.work);
  if (atMostOf !== undefined && other !== undefined) {
    const times = m.ours.warmMs / other.ours.warmMs;
    if (times > atMostOf.times) problems.push(`${times.toFixed(2)} times "${atMostOf.work}", not ${atMostOf.times}`);
  }
  if (atMostMs !== undefined && m.ours.warmMs > atMostMs.warm) problems.push(`over ${atMostMs.warm} ms`);
  if (m.memoryBytes > work.memoryBytes) problems.push(`over ${mib(work.memoryBytes)}`);
  if (m.loopDelayMs > 20) problems.push('event loop over 20 ms');
  return problems;
}

function rowOf(work: BenchWork, m: Measured, problems: readonly string[]): string {
  const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(0)} ms`);
  const ratio = (theirs: number | undefined, ours: number): string =>
    theirs === undefined ? '-' : `${(theirs / ours).toFixed(2)}x`;
  const cells = [
    work.work,
    work.theirs === undefined ? '-' : work.peer,
    ms(m.ours.warmMs),
    ms(m.ours.coldMs),
    ms(m.theirs?.warmMs),
    ms(m.theirs?.coldMs),
    ratio(m.theirs?.warmMs, m.ours.warmMs),
    ratio(m.theirs?.coldMs, m.ours.coldMs),
    mib(m.memoryBytes),
    `${m.loopDelayMs.toFixed(1)} ms`,
    problems.join('; '),
  ];
  return `| ${cells.join(' | ')} |`;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
function hasProgram(name: string): boolean {
  return [...(process.env['PATH'] ?? '').split(':'), '/sbin', '/usr/sbin'].some((f) => existsSync(join(f, name)));
}
