import type { DsmFamily } from './family.ts';
import { hpe1 } from './hpe1.ts';
import { hpe2 } from './hpe2.ts';
import { hyperv } from './hyperv.ts';
import { intel } from './intel.ts';
import { msft } from './msft.ts';
import { papr } from './papr.ts';

/** Every dialect, sorted; a test compares this list with the folder. */
export const dsmFamilies: readonly DsmFamily[] = [hpe1, hpe2, hyperv, intel, msft, papr];
