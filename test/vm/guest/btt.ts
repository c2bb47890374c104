import { closeSync, constants, fsyncSync, openSync, readdirSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { program } from './program.ts';

const block = 4096;
const magic = 0x42_54_54_21;

/** Writes these blocks of a BTT device again and again in another order each time, so that its map mixes them. */
export function scatter(disk: string, blocks: readonly number[]): void {
  const file = openSync(`/dev/${disk}`, 'r+');
  const page = Buffer.alloc(block);
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < blocks.length; i += 1) {
      const number = blocks[(i * 7 + round * 5) % blocks.length] as number;
      page.writeUInt32LE(magic, 0);
      page.writeUInt32LE(number, 4);
      writeSync(file, page, 0, block, number * block);
      fsyncSync(file); // one by one: each takes the place that the one before has left
    }
  }
  closeSync(file);
}

/** The number that a block says, by the sector it starts at; undefined where it says none. */
export function blockAt(disk: string, sector: number): number | undefined {
  const file = openSync(`/dev/${disk}`, constants.O_RDONLY);
  try {
    const page = Buffer.alloc(block);
    readSync(file, page, 0, block, sector * 512);
    return page.readUInt32LE(0) === magic ? page.readUInt32LE(4) : undefined;
  } finally {
    closeSync(file);
  }
}

/** Takes the BTT out of use: the namespace is then a raw disk. Its name. */
export function showRaw(namespace: string): string {
  program('ndctl', 'disable-namespace', namespace);
  forceRaw(namespace, '1');
  writeFileSync('/sys/bus/nd/drivers/nd_pmem/bind', namespace);
  const [disk] = readdirSync(`/sys/bus/nd/devices/${namespace}/block`);
  if (disk === undefined) throw new Error(`${namespace} shows no disk`);
  return disk;
}
/** Puts it in use again. */
export function showBtt(namespace: string): void {
  writeFileSync('/sys/bus/nd/drivers/nd_pmem/unbind', namespace);
  forceRaw(namespace, '0');
  program('ndctl', 'enable-namespace', namespace);
}
function forceRaw(namespace: string, value: '0' | '1'): void {
  writeFileSync(`/sys/bus/nd/devices/${namespace}/force_raw`, value);
}
