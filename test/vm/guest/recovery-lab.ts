import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RecoveryRow } from '../../../src/notify/recovery-row.ts';
import { diskList } from './bad-blocks.ts';
import { sectorOf } from './filesystem.ts';
import { program } from './program.ts';
import { dropCaches } from './stack.ts';
import { beginChapter, commandsOf, sh } from './told-step.ts';
import type { Watching } from './watching.ts';

export const page = 4096;
export const badPage = 2;
export const goodCopy = '/tmp/good-copy';
/** how the page that is made bad begins */
export const marker = 'the third page of the good copy';
/** of its last page only a part is used */
const goodBytes = 3 * page - 100;

/** A file whose third page is the last one and not whole; every page is another. */
export function layGoodCopy(): void {
  const good = Buffer.alloc(goodBytes);
  for (let i = 0; i < goodBytes; i += 1) good[i] = 1 + ((i ^ (i >> 8)) % 250);
  good.write(marker, badPage * page);
  writeFileSync(goodCopy, good);
}
export function layVictim(path: string): number {
  writeFileSync(path, readFileSync(goodCopy));
  sh('sync');
  return sectorOf(path, badPage * page);
}
export function isGood(path: string): boolean {
  dropCaches();
  return readFileSync(path).equals(readFileSync(goodCopy));
}

/** As the driver would list it: only the disk's list changes, and reads fail from then on. Past it nothing stays in memory. */
export function listSectors(disk: string, start: number, count = 8): void {
  writeFileSync(diskList(disk), `${start} ${count}\n`);
  dropCaches();
}
export function listed(disk: string): string {
  return readFileSync(diskList(disk), 'utf8').trim();
}

/** What is still listed is written whole, for the next that looks at this disk. */
export function makeWhole(disk: string): void {
  for (const line of listed(disk).split('\n').filter(Boolean)) {
    const [start, count] = line.split(' ');
    sh(`dd if=/dev/zero of=/dev/${disk} bs=512 seek=${start} count=${count} oflag=direct conv=notrunc`);
  }
  assert.equal(listed(disk), '');
}

/** Makes the sectors bad, waits for the steps, runs them as told, and sees the agent say that it is over. */
export async function repairAsTold(
  watching: Watching,
  row: RecoveryRow,
  { disk, sector, steps = 1 }: { readonly disk: string; readonly sector: number; readonly steps?: number },
): Promise<void> {
  const chapter = beginChapter(watching);
  listSectors(disk, sector);
  const told = await chapter.told(row, steps);
  const commands = told.steps.flatMap(commandsOf);
  for (const command of commands) {
    const { status, stderr, stdout } = sh(command, { GOOD_COPY: goodCopy });
    assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
  }
  assert.equal(listed(disk), '', commands.join('\n'));
  const { resolution } = await chapter.resolved(told.message.incident);
  assert.equal(resolution, 'cleared');
}

/** Two files that share every block. */
export function layShared(folder: string): { readonly names: readonly string[]; readonly sector: number } {
  const names = ['one', 'two'].map((name) => `${folder}/${name}`);
  const sector = layVictim(names[0] ?? '');
  program('cp', '--reflink=always', ...names);
  sh('sync');
  return { names, sector };
}

/** For tests that leave a sector listed, whatever became of them. */
export function makeAllWhole(): void {
  for (const disk of ['pmem0', 'pmem1']) makeWhole(disk);
}
export function mount(device: string, on: string, ...options: string[]): void {
  mkdirSync(on, { recursive: true });
  program('mount', ...(options.length > 0 ? ['-o', options.join(',')] : []), `/dev/${device}`, on);
}
