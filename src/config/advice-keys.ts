import { Type } from 'typebox';
import { duration, wholeNumber } from './fields.ts';

/** The keys of `advice`: the replacement policy (docs/replacement-advice.md). */

/** Also what the limits that a file leaves out are compared with. */
export const adviceDefaults = {
  left_plan: 20,
  left_now: 10,
  new_ranges_plan: 3,
  new_ranges_now: 10,
  recurrences_plan: 1,
  recurrences_now: 3,
  dirty_shutdowns_watch: 1,
  dirty_shutdowns_plan: 3,
} as const;
export const advice = Type.Object(
  {
    left_plan: wholeNumber({
      default: adviceDefaults.left_plan,
      min: 0,
      max: 100,
      description: 'Percent left of spare capacity or life at which a replacement is to be planned.',
    }),
    left_now: wholeNumber({
      default: adviceDefaults.left_now,
      min: 0,
      max: 100,
      description: 'Percent left of spare capacity or life at which the module is to be replaced now.',
    }),
    window: duration({
      default: '24h',
      min: '1m',
      max: '365d',
      description: 'How far back new bad ranges are counted.',
    }),
    new_ranges_plan: wholeNumber({
      default: adviceDefaults.new_ranges_plan,
      min: 1,
      max: 1_000_000,
      description: 'New bad ranges within `window` at which a replacement is to be planned.',
    }),
    new_ranges_now: wholeNumber({
      default: adviceDefaults.new_ranges_now,
      min: 1,
      max: 1_000_000,
      description: 'New bad ranges within `window` at which the module is to be replaced now.',
    }),
    long_window: duration({
      default: '30d',
      min: '1h',
      max: '3650d',
      description: 'How far back everything else is counted; a new bad range within it keeps the module watched.',
    }),
    recurrences_plan: wholeNumber({
      default: adviceDefaults.recurrences_plan,
      min: 1,
      max: 1_000_000,
      description:
        'Places bad again after they were cleared, within `long_window`, at which a replacement is to be planned.',
    }),
    recurrences_now: wholeNumber({
      default: adviceDefaults.recurrences_now,
      min: 1,
      max: 1_000_000,
      description: 'The same at which the module is to be replaced now.',
    }),
    dirty_shutdowns_watch: wholeNumber({
      default: adviceDefaults.dirty_shutdowns_watch,
      min: 1,
      max: 1_000_000,
      description: 'Dirty shutdowns within `long_window` at which the module is to be watched.',
    }),
    dirty_shutdowns_plan: wholeNumber({
      default: adviceDefaults.dirty_shutdowns_plan,
      min: 1,
      max: 1_000_000,
      description: 'The same at which a replacement is to be planned.',
    }),
  },
  { description: 'When a DIMM is to be replaced (docs/replacement-advice.md).' },
);
