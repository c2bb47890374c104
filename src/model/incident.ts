import type { FoundBy } from './change.ts';
import type { Run } from './extent.ts';
import type { HealthFields } from './health.ts';
import type { HostFacts } from './host.ts';
import type { Owner } from './owner.ts';
import type { DimmRef } from './topology.ts';

/** What can be wrong with a module. */
export const dimmConditions = [
  'dimm_health',
  'health_unreadable',
  'dimm_spare_low',
  'dimm_worn',
  'dimm_temperature',
  'dimm_dirty_shutdown',
  'dimm_not_armed',
  'dimm_save_failed',
  'dimm_restore_failed',
  'dimm_flush_failed',
  'dimm_erase_failed',
  'dimm_map_failed',
  'energy_source_worn',
  'dimm_replace',
] as const;
export const conditions = [
  'media_error',
  'badblocks_unreadable',
  'badblocks_incomplete',
  ...dimmConditions,
  'scrub_overdue',
  'scrub_failed',
  'device_stuck',
  'receiver_unreachable',
  'store_unwritable',
] as const;
export type Condition = (typeof conditions)[number];

export type Severity = 'critical' | 'warning' | 'info';
export type Resolution = 'cleared' | 'device_removed' | 'closed_by_operator';

/** One bad run of a place, with what is known of it. Sectors are place sectors. */
export interface TrackedRange extends Run {
  /** ms since the epoch */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly foundBy: FoundBy;
  /** kernel instance (`Bus.epoch`) that last listed it */
  readonly epoch: string;
  /** why it is not known whether it is still bad; absent while the kernel lists it */
  readonly unconfirmed?: string;
  /** owners on the place's device; `pending` until resolved */
  readonly owners: readonly Owner[];
  readonly ownersComplete: boolean;
  /** ms since the epoch when the owners were found */
  readonly ownersAt?: number;
}

/** The physical thing an incident is about, as it was named at the last revision. */
export interface IncidentSubject {
  /** full identity: place uid, or `subject` name for things without one */
  readonly uid: string;
  readonly device: string;
  readonly ndNamespace: string;
  readonly ndRegion: string;
  readonly bus: string;
  readonly uuid: string | null;
  /** place sector of the device's sector 0; absent where the device is not one window (BTT) or there is none */
  readonly dataStart?: number;
  /** whether a write clears a bad sector there; absent when that is not known */
  readonly canClear?: boolean;
  readonly dimms: readonly DimmRef[];
}

/** What a module said of itself at the last revision. */
export interface IncidentHealth {
  /** ms since the epoch */
  readonly readAt: number;
  /** whether the module itself answered */
  readonly readable: boolean;
  readonly fields: HealthFields;
}

export interface Acknowledgement {
  readonly author: string;
  readonly reason: string;
  readonly at: number;
  readonly expiresAt: number | null;
}

/** An acknowledgement that ran out is none. `now` in ms since the epoch. */
export function isAcknowledged({ acknowledgement }: Pick<Incident, 'acknowledgement'>, now: number): boolean {
  return acknowledgement !== null && (acknowledgement.expiresAt === null || acknowledgement.expiresAt > now);
}

/** One condition on one physical thing, from opened to resolved (design 4.4). */
export interface Incident {
  /** hash of fingerprint and ordinal */
  readonly id: string;
  /** hash of machine id, condition and physical identity: the same for every incident of this condition there */
  readonly fingerprint: string;
  /** 1 for the first incident of this fingerprint, 2 for the next */
  readonly ordinal: number;
  readonly condition: Condition;
  readonly severity: Severity;
  readonly status: 'open' | 'resolved';
  /** raised by one with each change that people are told of */
  readonly revision: number;
  readonly openedAt: number;
  readonly updatedAt: number;
  readonly resolvedAt: number | null;
  readonly resolution: Resolution | null;
  readonly foundBy: FoundBy;
  readonly subject: IncidentSubject;
  /** the ranges at this revision; at the end, those that were resolved last */
  readonly ranges: readonly TrackedRange[];
  readonly complete: boolean;
  /** for conditions without ranges: what happened, one sentence */
  readonly detail: string;
  /** for conditions of modules */
  readonly health?: IncidentHealth;
  readonly acknowledgement: Acknowledgement | null;
  /** one has run out before */
  readonly acknowledgementLapsed?: true;
  /** how often people were reminded of it since anything about it changed; absent for never */
  readonly reminders?: number;
  readonly previousIncident: string | null;
}

export type NoticeType = 'opened' | 'grew' | 'owners' | 'shrank' | 'reminder' | 'acknowledged' | 'resolved';

/** Something people are to be told: the incident as it was at that revision. Messages are rendered from it. */
export interface Notice {
  /** hash of machine id, incident and revision: no retry, restart or replay changes it */
  readonly id: string;
  readonly type: NoticeType;
  readonly time: number;
  readonly incident: Incident;
  readonly newRanges: number;
  readonly newBytes: number;
  /** one sentence more, about why it is told now */
  readonly remark?: string;
  readonly host: HostFacts;
}

/** One line of the append-only history. */
export interface HistoryEvent {
  readonly time: number;
  /** such as `range.found`, `range.cleared`, `incident.opened`, `place.appeared`, `agent.started` */
  readonly type: string;
  readonly incident: string | null;
  readonly uid: string | null;
  readonly device: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}
