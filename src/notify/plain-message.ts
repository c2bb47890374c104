/** What receivers are told that is about no incident: that they can be told something, and that the agent is alive. Pure. */
import { createHash } from 'node:crypto';
import type { HostFacts } from '../model/host.ts';
import type { Message } from '../model/message.ts';

export interface PlainFacts {
  readonly host: HostFacts;
  readonly receiver: string;
  /** ms since the epoch */
  readonly at: number;
  readonly pageUrl: string | null;
}
/** How the agent fares, for a beat. */
export interface Beat {
  /** open incidents by severity */
  readonly critical: number;
  readonly warning: number;
  readonly info: number;
  /** whether everything is watched that there is */
  readonly complete: boolean;
}

export function testMessage(facts: PlainFacts, author: string): Message {
  const text = `this is a test that ${author} asked for, nothing is wrong: ${facts.receiver} gets what pmemwatch tells.`;
  return plain(facts, 'test', text, true);
}

export function heartbeatMessage(facts: PlainFacts, beat: Beat): Message {
  const counts = (['critical', 'warning', 'info'] as const).filter((severity) => beat[severity] > 0);
  const open = counts.map((severity) => `${beat[severity]} ${severity}`).join(', ');
  const seen = beat.complete ? '' : ' Not everything can be seen: pmemwatch list says what.';
  const text = `pmemwatch is alive, ${open === '' ? 'no incident is open' : `open incidents: ${open}`}.${seen}`;
  return plain(facts, 'heartbeat', text, beat.complete);
}

/**
 * It opens nothing anywhere, and says so: what it is about, whether the receiver can be reached, is fine when it arrives.
 */
function plain(facts: PlainFacts, kind: 'test' | 'heartbeat', text: string, complete: boolean): Message {
  const { host, receiver, at, pageUrl } = facts;
  const time = new Date(at).toISOString();
  const fingerprint = digest(host.machineId, kind, receiver);
  return {
    version: '1',
    id: digest(fingerprint, String(at)),
    type: `pmem.${kind}`,
    time,
    sequence: 0,
    status: 'resolved',
    condition: 'receiver_unreachable',
    severity: 'info',
    fingerprint,
    incident: '',
    summary: `${host.name}: ${text}`,
    openedAt: time,
    firstSeen: time,
    foundBy: 'unknown',
    complete,
    durable: false,
    resolution: null,
    acknowledgement: null,
    host: { name: host.name, machineId: host.machineId, bootId: host.bootId, product: host.product },
    device: { name: '', ndNamespace: '', ndRegion: '', bus: '', uuid: null, uid: '', dimms: [] },
    totals: { ranges: 0, bytes: 0, files: 0, newRanges: 0, newBytes: 0 },
    ranges: [],
    rangesOmitted: 0,
    files: [],
    filesOmitted: 0,
    dimmHealth: null,
    advice: null,
    nextSteps: [],
    runbookUrl: '',
    links: { page: pageUrl ?? '', api: pageUrl === null ? '' : `${pageUrl}/api/v1/deliveries` },
  };
}

/** Fields are joined by a line feed, which none of them contains. */
function digest(...fields: readonly string[]): string {
  return createHash('sha256').update(fields.join('\n')).digest('hex');
}
