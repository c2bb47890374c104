/** A receiver that is configured while something is wrong is told of it, as if it had just been found. Pure. */
import { totalBytes } from '../model/extent.ts';
import { isAcknowledged, type Notice } from '../model/incident.ts';
import type { State } from '../model/state.ts';
import { noticeIdOf } from './identity.ts';

/** Of every open incident that nobody works on, as it is now: under the id of its last revision. */
export function noticesOfOpen({ incidents, host }: State, now: number): Notice[] {
  return [...incidents.values()]
    .filter((incident) => incident.status === 'open' && !isAcknowledged(incident, now))
    .map((incident) => ({
      id: noticeIdOf(host.machineId, incident.fingerprint, incident.id, incident.revision),
      type: 'opened',
      time: now,
      incident,
      newRanges: incident.ranges.length,
      newBytes: totalBytes(incident.ranges),
      host,
    }));
}
