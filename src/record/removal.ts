/** What becomes of places that the agent has not seen for long: their incidents end, and it says that it cannot see them. */
import type { Condition } from '../model/incident.ts';
import { type Draft, remember } from './draft.ts';
import { findOpen, resolveIncident } from './lifecycle.ts';

const conditionsOfPlaces: readonly Condition[] = ['media_error', 'badblocks_unreadable', 'badblocks_incomplete'];

export function followRemoved(draft: Draft, policy: { readonly removedAfterMs: number }): void {
  for (const [uid, place] of [...draft.places]) {
    if (place.present || place.goneSince === null || draft.now - place.goneSince < policy.removedAfterMs) continue;
    const incidents = conditionsOfPlaces.flatMap((condition) => findOpen(draft, condition, uid) ?? []);
    if (incidents.length > 0 || place.ranges.length > 0) {
      remember(draft, 'place.removed', { uid, device: place.place.device }, { goneSince: place.goneSince });
    }
    for (const incident of incidents) resolveIncident(draft, incident, 'device_removed');
    // its counters are kept for the day it comes back; a place that never had a bad range leaves nothing worth keeping
    if (place.foundTotal === 0) draft.places.delete(uid);
    else if (place.ranges.length > 0) draft.places.set(uid, { ...place, ranges: [] });
  }
}
