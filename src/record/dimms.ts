/** The modules as the state keeps them: who they are, whether they are there, and what is looked back on. */
import { type DimmState, noHistory, noShutdowns } from '../model/dimm-state.ts';
import { dimmConditions, type IncidentSubject } from '../model/incident.ts';
import { type Dimm, dimmRef, type Topology } from '../model/topology.ts';
import { type Draft, remember } from './draft.ts';
import { findOpen, resolveIncident } from './lifecycle.ts';

/** Takes over who is there now; a module that the inventory could not look at is not gone. */
export function followPresence(draft: Draft, topology: Topology): void {
  const here = new Set<string>();
  for (const dimm of topology.dimms) {
    here.add(dimm.key);
    const known = draft.dimms.get(dimm.key);
    const next = seen(dimm, known, draft.now);
    if (known === undefined || !sameDimm(known, next)) {
      draft.dimms.set(dimm.key, next);
      if (known?.present !== true) remember(draft, 'dimm.appeared', { uid: dimm.key, device: dimm.name });
    }
  }
  const hidden = new Set(topology.problems.map(({ subject }) => subject));
  for (const dimm of [...draft.dimms.values()]) {
    if (!dimm.present || here.has(dimm.key)) continue;
    if (hidden.has(dimm.name) || hidden.has(dimm.bus) || hidden.has('bus/nd/devices')) continue;
    draft.dimms.set(dimm.key, { ...dimm, present: false, goneSince: draft.now });
    remember(draft, 'dimm.gone', { uid: dimm.key, device: dimm.name });
  }
}
function seen(
  { key, name, bus, serial, locator, partNumber }: Dimm,
  known: DimmState | undefined,
  now: number,
): DimmState {
  return {
    key,
    name,
    bus,
    ...(serial !== undefined && { serial }),
    ...(locator !== undefined && { locator }),
    ...(partNumber !== undefined && { partNumber }),
    firstSeen: known?.firstSeen ?? now,
    present: true,
    goneSince: null,
    shutdowns: known?.shutdowns ?? noShutdowns,
    failures: known?.failures ?? {},
    restless: known?.restless ?? {},
    history: known?.history ?? noHistory,
  };
}
function sameDimm(a: DimmState, b: DimmState): boolean {
  return (
    a.present === b.present &&
    a.name === b.name &&
    a.bus === b.bus &&
    a.serial === b.serial &&
    a.locator === b.locator &&
    a.partNumber === b.partNumber
  );
}

/** Ends the incidents of modules that have not been seen for long. What is known of them is kept for the day they come back. */
export function followRemovedDimms(draft: Draft, policy: { readonly removedAfterMs: number }): void {
  for (const dimm of draft.dimms.values()) {
    if (dimm.present || dimm.goneSince === null || draft.now - dimm.goneSince < policy.removedAfterMs) continue;
    for (const condition of dimmConditions) {
      const incident = findOpen(draft, condition, dimm.key);
      if (incident !== undefined) resolveIncident(draft, incident, 'device_removed');
    }
  }
}

export function subjectOfDimm(dimm: DimmState): IncidentSubject {
  const { key, name, bus } = dimm;
  return { uid: key, device: name, ndNamespace: '', ndRegion: '', bus, uuid: null, dimms: [dimmRef(dimm)] };
}
