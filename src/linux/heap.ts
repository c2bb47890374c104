import { setFlagsFromString } from 'node:v8';
import type { Clock } from '../ports.ts';

const HURRY_MS = 10_000;

/**
 * Processes of ours save memory (`nodeFlags`): V8 then sweeps the heap after each small step of growth, which with thousands
 * of bad ranges to tell costs as much time as all the rest. It reads the flag each time it decides how far the heap may grow.
 * @returns what is to be called when there is much to do: for 10 s from then on time counts for more than memory
 */
export function createHurry(clock: Clock): () => void {
  let cancel: (() => void) | undefined;
  return () => {
    cancel?.();
    if (cancel === undefined) setFlagsFromString('--no-optimize-for-size');
    cancel = clock.after(HURRY_MS, () => {
      cancel = undefined;
      setFlagsFromString('--optimize-for-size');
    });
  };
}
