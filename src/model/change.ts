import type { StuckDevice } from './badblocks.ts';
import type { Run } from './extent.ts';
import type { Owner } from './owner.ts';
import type { Place } from './topology.ts';

export type FoundBy = 'mce' | 'scrub' | 'boot' | 'poll' | 'unknown';

/** What moved between the durable state and a snapshot; owners found later come in as `owners`. Runs are place sectors. */
export type Change =
  | { readonly kind: 'place-appeared'; readonly place: Place }
  | { readonly kind: 'place-moved'; readonly place: Place }
  | { readonly kind: 'place-gone'; readonly uid: string }
  | { readonly kind: 'found'; readonly uid: string; readonly runs: readonly Run[]; readonly foundBy: FoundBy }
  /** a complete reading of the same kernel instance no longer lists them */
  | {
      readonly kind: 'cleared';
      readonly uid: string;
      readonly runs: readonly Run[];
      /** id of the scrub that searched for them in vain, where not the kernel itself took them off its list */
      readonly provenBy?: string;
    }
  /** not listed, but nothing proves that they are gone */
  | { readonly kind: 'unconfirmed'; readonly uid: string; readonly runs: readonly Run[]; readonly reason: string }
  /** listed (again) by this kernel instance */
  | { readonly kind: 'confirmed'; readonly uid: string; readonly runs: readonly Run[] }
  | {
      readonly kind: 'readability';
      readonly uid: string;
      readonly readable: boolean;
      readonly complete: boolean;
      readonly reasons: readonly string[];
    }
  | {
      readonly kind: 'owners';
      readonly uid: string;
      readonly runs: readonly Run[];
      readonly owners: readonly Owner[];
      readonly complete: boolean;
    }
  | { readonly kind: 'stuck'; readonly device: StuckDevice }
  | { readonly kind: 'unstuck'; readonly subject: string };
