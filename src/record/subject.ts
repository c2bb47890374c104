import type { IncidentSubject } from '../model/incident.ts';
import type { Place } from '../model/topology.ts';

export function subjectOfPlace(place: Place): IncidentSubject {
  return {
    uid: place.uid,
    device: place.device,
    ndNamespace: place.ndNamespace,
    ndRegion: place.ndRegion,
    bus: place.bus,
    uuid: place.uuid ?? null,
    ...(place.dataStart === undefined ? {} : { dataStart: place.dataStart }),
    ...(place.canClear === undefined ? {} : { canClear: place.canClear }),
    dimms: place.dimms,
  };
}

/** For what is no place: its name is its identity. */
export function subjectByName(name: string): IncidentSubject {
  return { uid: name, device: name, ndNamespace: '', ndRegion: '', bus: '', uuid: null, dimms: [] };
}
