import type { Acknowledgement, Severity } from '../model/incident.ts';
import type { Owner } from '../model/owner.ts';

/** What of `GET /api/v1/incidents` is shown. Times are RFC 3339. */
export interface IncidentItem {
  readonly id: string;
  readonly condition: string;
  readonly severity: Severity;
  readonly status: 'open' | 'resolved';
  readonly openedAt: string;
  readonly resolvedAt?: string | null;
  readonly resolution: string | null;
  readonly foundBy?: string;
  readonly detail: string;
  readonly complete?: boolean;
  readonly device: {
    readonly name: string;
    readonly ndNamespace: string;
    readonly ndRegion: string;
    readonly bus?: string;
    readonly uid?: string;
    readonly dimms?: readonly {
      readonly name: string;
      readonly serial: string | null;
      readonly locator: string | null;
      readonly partNumber?: string | null;
    }[];
  };
  readonly totals: { readonly ranges: number; readonly bytes: number; readonly files: number };
  readonly ranges?: readonly IncidentRange[];
  readonly acknowledgement:
    | (Pick<Acknowledgement, 'author' | 'reason'> & { readonly at: string; readonly expiresAt: string | null })
    | null;
  readonly previousIncident?: string | null;
  /** what to do, the most urgent first; commands stand between backticks */
  readonly nextSteps?: readonly string[];
  readonly runbookUrl?: string;
}

export interface IncidentRange {
  /** whether `start` counts from sector 0 of the device, or from the start of the namespace or region */
  readonly on: 'device' | 'place';
  readonly start: number;
  readonly count: number;
  readonly firstSeen: string;
  readonly unconfirmed: string | null;
  readonly owners: readonly Owner[];
}

/** Where it is, as people call it. */
export function placeOf({ device }: Pick<IncidentItem, 'device'>): string {
  return device.name || device.ndNamespace || device.ndRegion;
}
