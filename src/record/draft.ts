/** A pass in the making: copies of what it may change, and what it will tell. Lives only inside the pure entries. */
import type { DimmState } from '../model/dimm-state.ts';
import type { HistoryEvent, Incident, Notice } from '../model/incident.ts';
import type { BusScrubs } from '../model/scrub.ts';
import type { PlaceState, State } from '../model/state.ts';

export interface Draft {
  readonly previous: State;
  readonly now: number;
  readonly places: Map<string, PlaceState>;
  readonly dimms: Map<string, DimmState>;
  readonly scrubs: Map<string, BusScrubs>;
  readonly incidents: Map<string, Incident>;
  readonly ordinals: Map<string, number>;
  readonly events: HistoryEvent[];
  readonly notices: Notice[];
}

/** What an entry of this stage answers: the state after it, the history to append, and what people are to be told. */
export interface Recorded {
  readonly state: State;
  readonly events: HistoryEvent[];
  readonly notices: Notice[];
}

export function beginDraft(previous: State, now: number): Draft {
  return {
    previous,
    now,
    places: new Map(previous.places),
    dimms: new Map(previous.dimms),
    scrubs: new Map(previous.scrubs),
    incidents: new Map(previous.incidents),
    ordinals: new Map(previous.ordinals),
    events: [],
    notices: [],
  };
}

export function sealDraft(draft: Draft, rest: Partial<State> = {}): Recorded {
  const { places, dimms, scrubs, incidents, ordinals, events, notices } = draft;
  return { state: { ...draft.previous, ...rest, places, dimms, scrubs, incidents, ordinals }, events, notices };
}

export function remember(
  draft: Draft,
  type: string,
  about: { readonly incident?: string; readonly uid?: string; readonly device?: string },
  data: Readonly<Record<string, unknown>> = {},
): void {
  draft.events.push({
    time: draft.now,
    type,
    incident: about.incident ?? null,
    uid: about.uid ?? null,
    device: about.device ?? null,
    data,
  });
}
