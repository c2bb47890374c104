import type { Advice } from './advice.ts';
import type { FoundBy } from './change.ts';
import type { HealthFields } from './health.ts';
import type { Condition, NoticeType, Resolution, Severity } from './incident.ts';
import type { KernelUser, OpenBy, Owner, ReadersGet } from './owner.ts';

/** The JSON that receivers get (design 4.4). Times are RFC 3339 in UTC; sectors and bytes as everywhere. */
export interface Message {
  readonly version: '1';
  readonly id: string;
  readonly type: `pmem.incident.${NoticeType}` | 'pmem.test' | 'pmem.heartbeat';
  readonly time: string;
  readonly sequence: number;
  readonly status: 'firing' | 'resolved';
  readonly condition: Condition;
  readonly severity: Severity;
  readonly fingerprint: string;
  readonly incident: string;
  readonly summary: string;
  readonly openedAt: string;
  readonly firstSeen: string;
  readonly foundBy: FoundBy;
  readonly complete: boolean;
  readonly durable: boolean;
  readonly resolution: Resolution | null;
  readonly acknowledgement: {
    readonly author: string;
    readonly reason: string;
    readonly at: string;
    readonly expiresAt: string | null;
  } | null;
  /** an acknowledgement of it has run out before; absent for false */
  readonly acknowledgementLapsed?: true;
  readonly host: {
    readonly name: string;
    readonly machineId: string;
    readonly bootId: string;
    readonly product: string | null;
  };
  readonly device: {
    readonly name: string;
    readonly ndNamespace: string;
    readonly ndRegion: string;
    readonly bus: string;
    readonly uuid: string | null;
    readonly uid: string;
    readonly dimms: readonly {
      readonly id: string;
      readonly name: string;
      readonly serial: string | null;
      readonly locator: string | null;
      readonly partNumber: string | null;
    }[];
  };
  readonly totals: {
    readonly ranges: number;
    readonly bytes: number;
    readonly files: number;
    readonly newRanges: number;
    readonly newBytes: number;
  };
  readonly ranges: readonly MessageRange[];
  readonly rangesOmitted: number;
  readonly files: readonly MessageFile[];
  readonly filesOmitted: number;
  /** of conditions of modules: what it said of itself; names carry the unit */
  readonly dimmHealth: (HealthFields & { readonly readAt: string; readonly readable: boolean }) | null;
  /** of the condition dimm_replace: with what it rests on */
  readonly advice: { readonly advice: Advice; readonly summary: string } | null;
  readonly nextSteps: readonly string[];
  /** how many steps were left out, as the last of `nextSteps` says then; absent for none */
  readonly nextStepsOmitted?: number;
  readonly runbookUrl: string;
  readonly links: { readonly page: string; readonly api: string };
}
/** `start` and `count` are sectors on `device`; where that is '' (info block, region, BTT), sectors of the place itself. */
export interface MessageRange {
  readonly device: string;
  readonly start: number;
  readonly count: number;
  readonly unconfirmed: string | null;
  readonly owners: readonly Owner[];
}
export interface MessageFile {
  readonly path: string;
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
  /** how many byte ranges more there are, where `ranges` holds only the first */
  readonly rangesOmitted?: number;
  readonly openBy: readonly OpenBy[];
  readonly goodCopy: 'yes' | 'no' | 'unknown';
  /** how many there are, where `openBy` holds only the first */
  readonly openByCount?: number;
  readonly kernelUsers?: readonly KernelUser[];
  /** of its worst range */
  readonly readersGet?: ReadersGet;
}
