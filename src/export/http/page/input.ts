import type { Incident } from '../../../model/incident.ts';
import type { DeliveryRecord } from '../../../model/outbox.ts';
import type { NumberedEvent, View } from '../../view.ts';
import type { Described, Readiness } from '../route.ts';
import type { Zoom } from './zoom.ts';

/** What can be asked of the store; a store that hangs must not hold up the page. */
export type Asked<T> = { readonly kind: 'known'; readonly items: readonly T[] } | { readonly kind: 'unknown' };

/** What the one who looks may do. */
export interface Reader {
  /** sees file names */
  readonly mayRead: boolean;
  /** changes something */
  readonly mayOperate: boolean;
}

/** What came of what somebody asked the page for, told at its top. */
export interface Notice {
  readonly level: 'fine' | 'bad';
  readonly text: string;
}

/** Everything a page is made of; rendering asks for nothing else. */
export interface PageInput {
  readonly view: View;
  readonly readiness: Readiness;
  /** ms since the epoch */
  readonly now: number;
  readonly reader: Reader;
  readonly zoom: Zoom | undefined;
  readonly notice: Notice | undefined;
  /** the newest first */
  readonly deliveries: Asked<DeliveryRecord>;
  /** dead letters, the newest first */
  readonly dead: Asked<DeliveryRecord>;
  /** the newest first */
  readonly events: Asked<NumberedEvent>;
  readonly describe: (incident: Incident) => Described;
  readonly telemetryPath: string;
}
