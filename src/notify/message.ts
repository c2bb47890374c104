/** Notice -> the JSON that receivers get (design 4.4). Pure. */
import { clip, overlaps, type Run, run, shift, subtract, totalBytes } from '../model/extent.ts';
import type { Incident, IncidentSubject, Notice, TrackedRange } from '../model/incident.ts';
import type { Message, MessageFile, MessageRange } from '../model/message.ts';
import type { Owner } from '../model/owner.ts';
import { shortUid } from '../model/topology.ts';
import { damagedFiles, openersOf } from './damaged-files.ts';
import { defaultLimits, fit, type MessageLimits } from './fit.ts';
import { nextSteps } from './next-steps.ts';
import { type PathPolicy, redactOwner } from './redaction.ts';
import { summaryOf } from './summary.ts';

export interface RenderOptions {
  /** false when the store could not commit the notice before it went out */
  readonly durable: boolean;
  readonly paths: PathPolicy;
  /** where people open the page, without a slash at the end; null when it is not known */
  readonly pageUrl: string | null;
  /** the page of the runbook; the condition is its anchor. null when there is none */
  readonly runbookUrl: string | null;
  /** page size of the host; 4096 unless told */
  readonly pageBytes?: number;
  readonly limits?: MessageLimits;
}

/** Many names of one inode, or many readers of one file, must not push everything else out. */
const MOST_PATHS = 8;
const MOST_OPENERS = 16;
const MOST_FILE_RANGES = 16;
/** of the names of one owner, beside the first */
const MOST_PATH_BYTES = 1024;

export function renderMessage(notice: Notice, options: RenderOptions): Message {
  const shown = redactNotice(notice, options.paths);
  const ranges = messageRanges(shown.incident);
  const files = damagedFiles(shown.incident.ranges).map(
    ({ path, ranges, openBy, goodCopy, openByCount, kernelUsers, readersGet }): MessageFile => ({
      path,
      ranges: ranges.slice(0, MOST_FILE_RANGES),
      ...(ranges.length > MOST_FILE_RANGES ? { rangesOmitted: ranges.length - MOST_FILE_RANGES } : {}),
      openBy: openBy.slice(0, MOST_OPENERS),
      goodCopy,
      ...countOf(openBy.length, openByCount),
      ...(kernelUsers === undefined ? {} : { kernelUsers }),
      ...(readersGet === undefined ? {} : { readersGet }),
    }),
  );
  const steps = nextSteps(shown.incident, { paths: options.paths, pageBytes: options.pageBytes ?? 4096 });
  const whole: Message = { ...envelope(shown, options), ranges, files, nextSteps: steps };
  return fit(whole, options.limits ?? defaultLimits);
}

function redactNotice(notice: Notice, paths: PathPolicy): Notice {
  if (paths === 'full') return notice;
  const ranges = notice.incident.ranges.map((range) => ({
    ...range,
    owners: range.owners.map((owner) => redactOwner(owner, paths)),
  }));
  return { ...notice, incident: { ...notice.incident, ranges } };
}

function envelope(notice: Notice, options: RenderOptions): Omit<Message, 'ranges' | 'files' | 'nextSteps'> {
  const { incident, host } = notice;
  const { acknowledgement, ranges } = incident;
  const page = options.pageUrl ?? '';
  return {
    version: '1',
    id: notice.id,
    type: `pmem.incident.${notice.type}`,
    time: rfc3339(notice.time),
    sequence: incident.revision,
    status: incident.status === 'resolved' ? 'resolved' : 'firing',
    condition: incident.condition,
    severity: incident.severity,
    fingerprint: incident.fingerprint,
    incident: incident.id,
    summary: summaryOf(notice),
    openedAt: rfc3339(incident.openedAt),
    firstSeen: rfc3339(ranges.reduce((first, range) => Math.min(first, range.firstSeen), incident.openedAt)),
    foundBy: incident.foundBy,
    complete: incident.complete && ranges.every((range) => range.ownersComplete),
    durable: options.durable,
    resolution: incident.resolution,
    acknowledgement:
      acknowledgement === null
        ? null
        : {
            author: acknowledgement.author,
            reason: acknowledgement.reason,
            at: rfc3339(acknowledgement.at),
            expiresAt: acknowledgement.expiresAt === null ? null : rfc3339(acknowledgement.expiresAt),
          },
    ...(incident.acknowledgementLapsed === true ? { acknowledgementLapsed: true } : {}),
    host: { name: host.name, machineId: host.machineId, bootId: host.bootId, product: host.product },
    device: deviceOf(incident.subject),
    totals: {
      ranges: ranges.length,
      bytes: totalBytes(ranges),
      files: damagedFiles(ranges).length,
      newRanges: notice.newRanges,
      newBytes: notice.newBytes,
    },
    rangesOmitted: 0,
    filesOmitted: 0,
    dimmHealth: healthOf(incident),
    advice: adviceOf(incident),
    runbookUrl: options.runbookUrl === null ? '' : `${options.runbookUrl}#${incident.condition}`,
    links: {
      page: page && `${page}/#incident-${incident.id}`,
      api: page && `${page}/api/v1/incidents/${incident.id}`,
    },
  };
}

function healthOf({ health }: Incident): Message['dimmHealth'] {
  return health === undefined ? null : { readAt: rfc3339(health.readAt), readable: health.readable, ...health.fields };
}

function adviceOf({ condition, severity, detail }: Incident): Message['advice'] {
  return condition === 'dimm_replace' ? { advice: severity === 'critical' ? 'now' : 'plan', summary: detail } : null;
}

function deviceOf(subject: IncidentSubject): Message['device'] {
  return {
    name: subject.device,
    ndNamespace: subject.ndNamespace,
    ndRegion: subject.ndRegion,
    bus: subject.bus,
    uuid: subject.uuid,
    uid: shortUid(subject.uid),
    dimms: subject.dimms.map(({ id, name, serial, locator, partNumber }) => ({
      id,
      name,
      serial: serial ?? null,
      locator: locator ?? null,
      partNumber: partNumber ?? null,
    })),
  };
}

/** Critical first, so that a cut leaves what matters. */
function messageRanges(incident: Incident): MessageRange[] {
  return [...incident.ranges]
    .sort((a, b) => urgency(b) - urgency(a) || a.start - b.start)
    .flatMap((range) => partsOf(range, incident.subject));
}
function urgency(range: TrackedRange): number {
  const kinds = range.owners.map((owner) => (owner.state === 'unwritten' ? 'free' : owner.kind));
  if (kinds.some((kind) => kind === 'file')) return 3;
  return kinds.every((kind) => kind === 'free' || kind === 'hidden') ? 1 : 2;
}

/** A range that begins before the device's first sector (in the info block) is told in two parts, each on its own device. */
function partsOf(range: TrackedRange, { device, dataStart }: IncidentSubject): MessageRange[] {
  const unconfirmed = range.unconfirmed ?? null;
  const onPlaceOnly = range.owners.length > 0 && range.owners.every((owner) => owner.device === '');
  if (device === '' || dataStart === undefined || onPlaceOnly) return [partOf('', range, range.owners, unconfirmed)];
  const shownFrom = run(dataStart, Number.MAX_SAFE_INTEGER - dataStart);
  const inside = clip(range, shownFrom);
  const below = subtract([range], [shownFrom]);
  const isBelow = (owner: Owner): boolean => owner.device === '' && below.some((part) => overlaps(part, owner));
  const parts = below.map((part) => partOf('', part, range.owners.filter(isBelow), unconfirmed));
  const onDevice = inside && shift(inside, -dataStart);
  if (onDevice === undefined) return parts;
  const rest = range.owners.filter((owner) => !isBelow(owner));
  return [...parts, partOf(device, onDevice, rest, unconfirmed)];
}
function partOf(device: string, part: Run, owners: readonly Owner[], unconfirmed: string | null): MessageRange {
  return { device, start: part.start, count: part.count, unconfirmed, owners: trimmed(owners) };
}
function trimmed(owners: readonly Owner[]): Owner[] {
  return owners.map((owner) => ({
    ...owner,
    ...(owner.openBy === undefined
      ? {}
      : { openBy: openersOf([owner]).slice(0, MOST_OPENERS), ...countOf(owner.openBy.length, owner.openByCount) }),
    ...keptPaths(owner),
    ...(owner.otherPaths === undefined ? {} : { otherPaths: owner.otherPaths.slice(0, MOST_PATHS) }),
  }));
}

function keptPaths(owner: Owner): Partial<Owner> {
  const { paths = [], pathsBase64 } = owner;
  let bytes = 0;
  const fits = (path: string, i: number): boolean => {
    bytes += i === 0 ? 0 : Buffer.byteLength(path);
    return i < MOST_PATHS && bytes <= MOST_PATH_BYTES;
  };
  const cut = paths.findIndex((path, i) => !fits(path, i));
  if (cut === -1) return {};
  const kept = pathsBase64 === undefined ? {} : { pathsBase64: pathsBase64.slice(0, cut) };
  return { paths: paths.slice(0, cut), ...kept, pathsComplete: false };
}

/** What the cut leaves out is counted. */
function countOf(named: number, count = named): { readonly openByCount?: number } {
  return count > Math.min(named, MOST_OPENERS) ? { openByCount: count } : {};
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
