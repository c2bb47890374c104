/**
 * What agent and probe say to each other: one JSON document per line over one stream. The probe checks everything it
 * is asked, since the asker is the process that listens to the network.
 */
import type { ErrorCode } from '../../model/errors.ts';
import type { ResolveAnswer } from '../../model/owner.ts';
import type { CheckJob, DsmCall, ResolveJob, ResolveProgress } from '../../ports.ts';
import { refusal, type TreeName } from './access.ts';
import { refusedMethod } from './dsm-access.ts';
import type { PackedOwner, SharedFacts } from './packed-owners.ts';

export const PROTOCOL_VERSION = 1;
/** Bytes of one line, both ways; a longer one ends the conversation. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** Longer answers go as several `text` lines before the last one. */
export const MAX_FRAGMENT_CHARS = 512 * 1024;
/** Bytes of one kernel file. */
export const MAX_READ_BYTES = 1024 * 1024;
/** Requests that one conversation may have in flight. */
export const MAX_IN_FLIGHT = 64;
const MAX_RUNS = 65_536;
const MAX_WALK_ROOTS = 64;
/** Of one method, both ways: no document has longer ones. */
const MAX_METHOD_BYTES = 4096;
const MAX_DEADLINE_MS = 24 * 3600 * 1000;

export type FileOperation = 'read' | 'list' | 'link' | 'inode';
/**
 * Owners of the asked run number `run`; `facts` that they share come before them. A run with many owners comes in several parts,
 * `more` in all but the last of them.
 */
export type ResolvedPart =
  | { readonly facts: SharedFacts }
  | {
      readonly run: number;
      readonly complete: boolean;
      readonly owners: readonly PackedOwner[];
      readonly more?: true;
    };
/** The end of a resolve job, whose parts have come before. */
export type ResolveEnd = Omit<ResolveAnswer, 'results'>;
/** A method as it is sent: the input in hexadecimal. Its answer is a `DsmAnswer`. */
export type DsmLine = Omit<DsmCall, 'input'> & { readonly input: string };
export interface DsmAnswer {
  /** base64 */
  readonly reply: string;
  readonly firmwareBytes: number;
}
/** `access`: whether a scrub could be started, without doing so. */
export type ScrubAction = 'access' | 'errorScrubOn' | 'errorScrubOff';
/** `region`: asks what firmware can do for it, nothing else. */
export type ScrubLine =
  | { readonly bus: string; readonly action: ScrubAction }
  /** nothing is written later than this after it was asked: by then nobody waits for it any more */
  | { readonly bus: string; readonly startWithinMs: number }
  | { readonly bus: string; readonly region: string };
export type Question =
  | { readonly op: 'hello' }
  | { readonly op: FileOperation; readonly tree: TreeName; readonly path: string }
  | { readonly op: 'dsm'; readonly call: DsmLine }
  | { readonly op: 'scrub'; readonly call: ScrubLine }
  | { readonly op: 'resolve'; readonly job: ResolveJob }
  | { readonly op: 'check'; readonly job: CheckJob }
  | { readonly op: 'watchMounts' }
  | { readonly op: 'cancel'; readonly target: number };
export type Request = Question & { readonly id: number };

export interface ProbeHello {
  readonly protocol: number;
  readonly pid: number;
  readonly uid: number;
  /** effective ones, such as `CAP_SYS_ADMIN` */
  readonly capabilities: readonly string[];
  /** what it cannot see for lack of privilege, one sentence each */
  readonly blind: readonly string[];
}

export type Failure = {
  readonly ok: false;
  readonly errno: string;
  readonly reason: string;
  /** set when the failure was an AgentError */
  readonly code?: ErrorCode;
};
export type Outcome = { readonly ok: true; readonly value: unknown } | Failure;
export type Message =
  | (Outcome & { readonly id: number })
  /** the next piece of a long answer; `joined` closes it */
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly joined: true }
  | { readonly id: number; readonly progress: ResolveProgress }
  /** a part of an answer that comes in many, each whole in itself */
  | { readonly id: number; readonly items: readonly unknown[] }
  | { readonly event: 'mounts' };

/** A request, or what is wrong with it; without an id the conversation cannot go on. */
export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'refused'; readonly id: number; readonly errno: string; readonly reason: string }
  | { readonly kind: 'garbage'; readonly reason: string };

export function parseRequest(line: string): ParsedRequest {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { kind: 'garbage', reason: 'not JSON' };
  }
  if (!isRecord(raw)) return { kind: 'garbage', reason: 'not an object' };
  const id = raw['id'];
  if (!isCount(id)) return { kind: 'garbage', reason: 'no request id' };
  const question = parseQuestion(raw);
  if ('op' in question) return { kind: 'request', request: { ...question, id } };
  return { kind: 'refused', id, ...question };
}

type Refusal = { readonly errno: string; readonly reason: string };
const invalid = (reason: string): Refusal => ({ errno: 'EINVAL', reason });

function parseQuestion(raw: Record<string, unknown>): Question | Refusal {
  const op = raw['op'];
  switch (op) {
    case 'hello':
    case 'watchMounts':
      return { op };
    case 'read':
    case 'list':
    case 'link':
    case 'inode': {
      const { tree, path } = raw;
      if ((tree !== 'sysfs' && tree !== 'procfs') || typeof path !== 'string')
        return invalid('tree or path is missing');
      const refused = refusal(tree, path);
      return refused === undefined ? { op, tree, path } : { errno: 'EPERM', reason: refused };
    }
    case 'dsm': {
      const call = parseDsmLine(raw['call']);
      if (typeof call === 'string') return invalid(call);
      const refused = refusedMethod(call.family, call.command);
      return refused === undefined ? { op, call } : { errno: 'EPERM', reason: refused };
    }
    case 'scrub': {
      const call = parseScrubLine(raw['call']);
      return typeof call === 'string' ? invalid(call) : { op, call };
    }
    case 'resolve': {
      const job = parseResolveJob(raw['job']);
      return typeof job === 'string' ? invalid(job) : { op, job };
    }
    case 'check': {
      const job = parseCheckJob(raw['job']);
      return typeof job === 'string' ? invalid(job) : { op, job };
    }
    case 'cancel': {
      const { target } = raw;
      return isCount(target) ? { op, target } : invalid('no request to cancel');
    }
    default:
      return invalid('unknown operation');
  }
}

function parseDsmLine(raw: unknown): DsmLine | string {
  if (!isRecord(raw)) return 'no call';
  const { dimm, devNumber, family, command, input, replyBytes } = raw;
  if (typeof dimm !== 'string' || !/^nmem\d{1,5}$/.test(dimm)) return 'not a DIMM';
  if (typeof devNumber !== 'string' || !/^\d{1,10}:\d{1,10}$/.test(devNumber)) return 'not a device number';
  if (!isCount(family) || !isCount(command)) return 'family or command is missing';
  if (typeof input !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(input) || input.length > 2 * MAX_METHOD_BYTES) {
    return 'input must be hexadecimal';
  }
  if (!isCount(replyBytes) || replyBytes === 0 || replyBytes > MAX_METHOD_BYTES) return 'replyBytes is out of bounds';
  return { dimm, devNumber, family, command, input, replyBytes };
}

const scrubActions: readonly ScrubAction[] = ['access', 'errorScrubOn', 'errorScrubOff'];

function parseScrubLine(raw: unknown): ScrubLine | string {
  if (!isRecord(raw)) return 'no call';
  const { bus, action, region, startWithinMs } = raw;
  if (typeof bus !== 'string' || !/^ndbus\d{1,5}$/.test(bus)) return 'not a bus';
  if (startWithinMs !== undefined) {
    return isDeadline(startWithinMs) ? { bus, startWithinMs } : 'startWithinMs is out of bounds';
  }
  if (action === undefined) {
    return typeof region === 'string' && /^region\d{1,5}$/.test(region) ? { bus, region } : 'not a region';
  }
  const known = scrubActions.find((each) => each === action);
  return known === undefined ? 'unknown action' : { bus, action: known };
}

function parseResolveJob(raw: unknown): ResolveJob | string {
  if (!isRecord(raw)) return 'no job';
  const { device, runs, deadlineMs, walkRoots } = raw;
  if (!isDeviceName(device)) return 'not a kernel device name';
  if (!isDeadline(deadlineMs)) return 'deadlineMs is out of bounds';
  if (!Array.isArray(walkRoots) || walkRoots.length > MAX_WALK_ROOTS || !walkRoots.every(isAbsolute)) {
    return 'walkRoots must be absolute paths';
  }
  if (!Array.isArray(runs) || runs.length === 0 || runs.length > MAX_RUNS) return `runs must be 1 to ${MAX_RUNS}`;
  if (!runs.every(isRun)) return 'a run needs a start and a count of sectors';
  return { device, runs: runs.map(({ start, count }) => ({ start, count })), deadlineMs, walkRoots } as ResolveJob;
}

function parseCheckJob(raw: unknown): CheckJob | string {
  if (!isRecord(raw)) return 'no job';
  const { paths, deadlineMs, tellClean, within } = raw;
  if (typeof tellClean !== 'boolean') return 'tellClean must be true or false';
  if (!isDeadline(deadlineMs)) return 'deadlineMs is out of bounds';
  if (!Array.isArray(paths) || paths.length === 0 || paths.length > MAX_RUNS || !paths.every(isAbsolute)) {
    return 'paths must be absolute';
  }
  if (within === undefined) return { paths, deadlineMs, tellClean };
  if (!Array.isArray(within) || within.length > MAX_RUNS || !within.every(isDeviceName)) {
    return 'within must be kernel device names';
  }
  return { paths, deadlineMs, tellClean, within };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
function isDeviceName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.:!-]{0,63}$/.test(value);
}
function isDeadline(value: unknown): value is number {
  return isCount(value) && value > 0 && value <= MAX_DEADLINE_MS;
}
function isRun(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { start, count } = value;
  return isCount(start) && isCount(count) && count > 0 && Number.isSafeInteger(start + count);
}
function isAbsolute(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.startsWith('/') &&
    value.length <= 4096 &&
    !value.includes('\0') &&
    !value.split('/').includes('..')
  );
}
