import type { Snapshot } from '../../src/model/badblocks.ts';

/** Nothing was read: what a test is about is put into it. */
export const emptySnapshot: Snapshot = { at: 0, places: new Map(), lists: [], stuck: [], health: [], scrubs: [] };
