import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** On this disk files outlive the guest's reboot. */
export const durableFolder = '/data';

const counter = `${durableFolder}/boots`;

/** 1 in the first boot of this test file, 2 in the one after `bootAgain`. */
export function bootNumber(): number {
  return existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 1;
}

/** Asks for a reboot when this test file has ended; it is run again with the next number. */
export function bootAgain(): void {
  writeFileSync(counter, String(bootNumber() + 1));
  writeFileSync(`${durableFolder}/boot-again`, '');
}

export function keep(name: string, value: unknown): void {
  writeFileSync(`${durableFolder}/${name}.json`, JSON.stringify(value));
}

export function kept(name: string): unknown {
  return JSON.parse(readFileSync(`${durableFolder}/${name}.json`, 'utf8'));
}
