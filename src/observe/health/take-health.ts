/** One look at one DIMM: what the kernel says, and what its firmware answers to each method. */
import type { ReadingTrigger } from '../../model/badblocks.ts';
import { AgentError, messageOf } from '../../model/errors.ts';
import type { HealthFailure, HealthFields, HealthReading, HealthSource } from '../../model/health.ts';
import { failed, type Observation, ok } from '../../model/observation.ts';
import type { Clock, DsmCaller, DsmReply, KernelTree } from '../../ports.ts';
import type { Taken } from '../device-reader.ts';
import type { HealthCommand } from './family.ts';
import { type KernelFacts, readKernelFacts, type Support } from './kernel-facts.ts';
import { mergeFields } from './merge.ts';

export interface HealthDeps {
  readonly sysfs: KernelTree;
  readonly dsm: DsmCaller;
  readonly clock: Clock;
  /** of one call to a module */
  readonly deadlineMs: number;
}
export interface HealthTarget {
  /** kernel name: `nmem0` */
  readonly name: string;
  /** `Dimm.key` */
  readonly key: string;
}

interface Asked {
  readonly sources: readonly HealthSource[];
  readonly failures: readonly HealthFailure[];
  readonly health: Observation<HealthFields>;
  readonly released?: Promise<void>;
}
const INVALID_INPUT = 2;

export async function takeHealth(
  { name, key }: HealthTarget,
  _trigger: ReadingTrigger,
  before: HealthReading | undefined,
  deps: HealthDeps,
): Promise<Taken<HealthReading>> {
  const { clock } = deps;
  const startedAt = clock.now();
  const started = clock.monotonic();
  const facts = await factsOf(name, deps);
  const asked = await askModule(name, facts, before, deps);
  const at = clock.now();
  const lastOkAt = asked.health.kind === 'ok' || asked.sources.length > 0 ? at : before?.lastOkAt;
  const sources = [...asked.sources, ...facts.sources];
  const judged = judgeOf(facts);
  const reading: HealthReading = {
    name,
    dimm: key,
    at,
    durationMs: clock.monotonic() - started,
    health: asked.health,
    fields: judged(mergeFields(sources)),
    sources,
    failures: asked.failures,
    failedInARow: asked.health.kind === 'failed' ? (before?.failedInARow ?? 0) + 1 : 0,
    ...(asked.released !== undefined && { stuckSince: startedAt }),
    ...(lastOkAt !== undefined && { lastOkAt }),
  };
  return asked.released === undefined ? { reading } : { reading, released: asked.released };
}

function judgeOf({ support }: KernelFacts): (fields: HealthFields) => HealthFields {
  const { judge } = support.kind === 'ok' ? support.value.family : {};
  return judge ?? ((fields) => fields);
}

async function factsOf(name: string, { sysfs, clock }: HealthDeps): Promise<KernelFacts> {
  try {
    return await readKernelFacts(sysfs, name, clock.now);
  } catch (error) {
    return { sources: [], support: failed('PROBE', messageOf(error)) };
  }
}

async function askModule(
  name: string,
  facts: KernelFacts,
  before: HealthReading | undefined,
  deps: HealthDeps,
): Promise<Asked> {
  const { support, released } = facts;
  if (released !== undefined) return { ...nothing, health: stuck(deps.deadlineMs), released };
  if (support.kind !== 'ok') return { ...nothing, health: support };
  const { family, commands } = support.value;
  const sourceOf = (command: HealthCommand): string => `${family.name} ${command.command} ${command.name}`;
  const lastLimits = (command: HealthCommand): HealthSource | undefined =>
    command.limits === true ? before?.sources.find(({ source }) => source === sourceOf(command)) : undefined;
  const sources: HealthSource[] = [];
  const failures: HealthFailure[] = [];
  let essentialFailure: Observation<never> | undefined;
  for (const command of commands) {
    const source = sourceOf(command);
    const answer = await askOnce(name, support.value, command, deps);
    if (answer.kind === 'stuck') {
      const hung = { health: stuck(answer.afterMs), released: answer.released };
      if (sources.length === 0) return { ...nothing, ...hung };
      // what was answered before stays known, and beside it the limits by which it is judged
      const limits = commands.slice(commands.indexOf(command)).flatMap((each) => lastLimits(each) ?? []);
      const failure = { source, reason: reasonOf(hung.health) };
      return { sources: [...sources, ...limits], failures: [...failures, failure], ...hung };
    }
    if (answer.kind === 'ok') sources.push({ source, at: deps.clock.now(), fields: answer.fields });
    else {
      failures.push({ source, reason: reasonOf(answer.observation) });
      if (command.essential) essentialFailure ??= answer.observation;
      const last = lastLimits(command);
      if (last !== undefined) sources.push(last);
    }
    // a module that may not be asked at all is not asked again for the rest
    if (essentialFailure !== undefined) return { sources: [], failures, health: essentialFailure };
  }
  return { sources, failures, health: ok(judgeOf(facts)(mergeFields(sources))) };
}
const nothing = { sources: [], failures: [] } as const;
function reasonOf(observation: Observation<never>): string {
  return observation.kind === 'failed' ? observation.reason : '';
}

type Answer =
  | { readonly kind: 'ok'; readonly fields: HealthFields }
  | { readonly kind: 'failed'; readonly observation: Observation<never> }
  | Extract<DsmReply, { readonly kind: 'stuck' }>;

async function askOnce(
  dimm: string,
  { family, devNumber }: Support,
  { command, inputs, replyBytes, lengthOptional, decode }: HealthCommand,
  { dsm, deadlineMs }: HealthDeps,
): Promise<Answer> {
  let observation: Observation<never> = failed('CODEC_REPLY', 'nothing was asked');
  for (const input of inputs) {
    const call = { dimm, devNumber, family: family.id, command, input, replyBytes };
    let reply: DsmReply;
    try {
      reply = await dsm.call(call, { deadlineMs });
    } catch (error) {
      return { kind: 'failed', observation: failed('PROBE', messageOf(error)) };
    }
    if (reply.kind === 'stuck') return reply;
    if (reply.kind === 'failed') {
      return { kind: 'failed', observation: failed('IOCTL', whyFailed(dimm, reply.errno, reply.reason), reply.errno) };
    }
    try {
      return { kind: 'ok', fields: decode(validPart(reply, lengthOptional === true)) };
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      observation = failed(error.code, error.message);
      if (error.context['status'] !== INVALID_INPUT) break;
    }
  }
  return { kind: 'failed', observation };
}

/** The kernel touches nothing beyond what firmware returned: zeros there are not an answer, nor is a buffer of nothing else. */
function validPart({ reply, firmwareBytes }: Extract<DsmReply, { kind: 'ok' }>, lengthOptional: boolean): Uint8Array {
  if (firmwareBytes === 0 && lengthOptional && reply.some((byte) => byte !== 0)) return reply;
  return reply.subarray(0, Math.min(firmwareBytes, reply.length));
}

function stuck(afterMs: number): Observation<never> {
  const reason = `the module has not answered within ${Math.round(afterMs / 1000)} s; it is asked again when the call comes back: look for hung tasks in dmesg`;
  return failed('DEVICE_STUCK', reason);
}
function whyFailed(dimm: string, errno: string, reason: string): string {
  switch (errno) {
    case 'EACCES':
      return `permission denied (EACCES) on /dev/${dimm}: the probe process must be root, or have CAP_DAC_OVERRIDE`;
    case 'EPERM':
      return `permission denied (EPERM) on /dev/${dimm}: its device cgroup must let char-dimmctl in (DeviceAllow of the unit, --device-cgroup-rule of the container)`;
    case 'ENOENT':
      return `there is no /dev/${dimm} (ENOENT): the probe process needs the device node`;
    case 'ENODEV':
    case 'ENXIO':
      return `/dev/${dimm} is not this module any more (${errno})`;
    default:
      return `the module cannot be asked (${errno}): ${reason}`;
  }
}
