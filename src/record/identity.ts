import { createHash } from 'node:crypto';
import type { Condition } from '../model/incident.ts';

/** Fields are joined by a line feed, which none of them contains. */
function digest(...fields: readonly string[]): string {
  return createHash('sha256').update(fields.join('\n')).digest('hex');
}

/** The same for every incident of this condition on this physical thing of this host (design 4.4). */
export function fingerprintOf(machineId: string, condition: Condition, identity: string): string {
  return digest(machineId, condition, identity);
}

/** 32 hex digits. `ordinal` counts the incidents of a fingerprint from 1, in the state file of this lineage. */
export function incidentIdOf(lineage: string, fingerprint: string, ordinal: number): string {
  return digest(lineage, fingerprint, String(ordinal)).slice(0, 32);
}

/** 16 hex digits. `ordinal` counts the scrubs of a bus from 1, in the state file of this lineage. */
export function scrubIdOf(machineId: string, lineage: string, key: string, ordinal: number): string {
  return digest('scrub', machineId, lineage, key, String(ordinal)).slice(0, 16);
}

/** What receivers deduplicate by: no retry, restart or replay changes it (law 2). */
export function noticeIdOf(machineId: string, fingerprint: string, incident: string, revision: number): string {
  return digest(machineId, fingerprint, incident, String(revision));
}
