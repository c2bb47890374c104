import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseAccelerator } from './lab/accelerator.ts';
import { compileSources, packSources, prepareModules } from './lab/checkout.ts';
import { type Accelerator, boot } from './lab/guest.ts';
import { type Image, prepareImage } from './lab/image.ts';
import { reasonToSkip } from './lab/requirements.ts';
import { Tally, type TestFile, testFiles } from './lab/suite.ts';

// Emulated in software, the slowest guest needs a fifth of this per boot.
const bootTimeoutMs = 480_000;
const mostBoots = 4;

interface Lab {
  readonly image: Image;
  readonly modules: string;
  readonly compiled: string;
  readonly accelerator: Accelerator;
  readonly work: string;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, accel: { type: 'string' }, keep: { type: 'boolean', default: false } },
  });
  const files = testFiles(values.only);
  if (files.length === 0) {
    console.error(`no test file and no test is named like "${values.only}"`);
    return 2;
  }
  const began = performance.now();
  const say = (line: string): void => console.log(`# ${line} (${secondsSince(began)} s)`);
  const reason = reasonToSkip(say);
  if (reason !== undefined) {
    console.log(`# skipped: ${reason}`);
    console.log(`0 passed, 0 failed, ${files.length} skipped`);
    return 0;
  }
  const cache = process.env['PMEMWATCH_VM_CACHE'] ?? '/var/cache/pmemwatch-vm';
  const image = prepareImage(cache, say);
  const modules = prepareModules(cache, say);
  const work = mkdtempSync(join(tmpdir(), 'pmemwatch-vm-'));
  // At the exit, and that also after a signal: what was started and laid for this run goes with it.
  if (!values.keep) process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const parts = { image, modules, compiled: compileSources(work) };
  const accelerator = asAccelerator(values.accel) ?? (await chooseAccelerator(parts, cache, say));
  say(`all is built, processor by ${accelerator}`);

  const total = new Tally();
  const lab = { ...parts, accelerator, work };
  // A guest has one processor: two guests keep two cores busy, more would only make each other late.
  const queue = files.values();
  const lane = async (): Promise<void> => {
    for (const file of queue) total.add(await runFile(file, lab));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  if (values.keep) say(`disks and console logs are in ${work}`);
  say('done');
  console.log(String(total));
  return total.failed > 0 ? 1 : 0;
}

/** A file whose tests ask for it is booted again with the same disks: its second part sees what a reboot leaves. */
async function runFile(file: TestFile, lab: Lab): Promise<Tally> {
  const { name, rig, kernel } = file;
  const tally = new Tally();
  const lines: string[] = [];
  const folder = join(lab.work, name.replaceAll(/\W+/g, '-'));
  mkdirSync(folder);
  const sources = packSources(lab.compiled, folder, {
    FILE: file.path.replace(/ts$/, 'js'),
    RIG: rig,
    PATTERN: file.pattern,
  });
  for (let number = 1; number <= mostBoots; number += 1) {
    const began = performance.now();
    lines.push(`# ${name}, boot ${number}`);
    const end = await boot({ ...lab, sources, rig, kernel, folder, timeoutMs: bootTimeoutMs }, (line) => {
      tally.read(line);
      lines.push(line);
    });
    tally.endOfBoot();
    lines.push(`# ${name}, boot ${number}: ${end} after ${secondsSince(began)} s`);
    if (end === 'boot again' && number < mostBoots) continue;
    if (end !== 'finished') lines.push(`# ${name}: the guest ${end}, see --keep for its console log`);
    break;
  }
  console.log(`\n${lines.join('\n')}`); // at once, since two guests run side by side
  return tally;
}

function asAccelerator(text: string | undefined): Accelerator | undefined {
  if (text === undefined || text === 'kvm' || text === 'tcg') return text;
  throw new Error(`--accel is kvm or tcg, not ${text}`);
}

function secondsSince(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}

process.exitCode = await main();
