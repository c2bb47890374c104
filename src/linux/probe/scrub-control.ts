import type { ScrubStart, ScrubState } from '../../model/scrub.ts';
import type { ScrubControl } from '../../ports.ts';
import { isRecord, type ScrubAction } from './protocol.ts';
import type { DeviceQuestion, FileAnswer } from './reader.ts';

/** What the listening process can have done to the scrub of a bus: asked of the probe, each call with its deadline. */
export function createScrubControl(reader: { ask(question: DeviceQuestion): Promise<FileAnswer> }): ScrubControl {
  const act = (bus: string, action: ScrubAction): Promise<FileAnswer> =>
    reader.ask({ op: 'scrub', call: { bus, action } });
  return {
    async whyNotWritable(bus) {
      const answer = await act(bus, 'access');
      if (answer.kind === 'ok') return undefined;
      const { errno, reason } = troubleOf(answer);
      return { errno, reason: advice(bus, errno, reason) };
    },
    async start(bus) {
      const answer = await act(bus, 'start');
      if (answer.kind === 'ok') return startOf(answer.value);
      const { errno, reason } = troubleOf(answer);
      return { kind: 'failed', reason: advice(bus, errno, reason) };
    },
    async setErrorScrub(bus, on) {
      const answer = await act(bus, on ? 'errorScrubOn' : 'errorScrubOff');
      if (answer.kind === 'ok') return undefined;
      const { errno, reason } = troubleOf(answer);
      return advice(bus, errno, reason);
    },
    async canSearch(bus, region) {
      const answer = await reader.ask({ op: 'scrub', call: { bus, region } });
      return answer.kind === 'ok' && answer.value === true;
    },
  };
}

function troubleOf(answer: Exclude<FileAnswer, { kind: 'ok' }>): { readonly errno: string; readonly reason: string } {
  if (answer.kind === 'failed') return answer;
  return { errno: 'ETIMEDOUT', reason: `the kernel has not answered within ${Math.round(answer.afterMs / 1000)} s` };
}

function startOf(value: unknown): ScrubStart {
  const broken: ScrubStart = { kind: 'failed', reason: 'the probe process sent a broken answer' };
  if (!isRecord(value)) return broken;
  const { written, before, after } = value;
  if (!isState(before)) return broken;
  if (written === false) return { kind: 'busy', before };
  return isState(after) ? { kind: 'accepted', before, after } : broken;
}
function isState(value: unknown): value is ScrubState {
  return isRecord(value) && typeof value['completed'] === 'number' && typeof value['running'] === 'boolean';
}

function advice(bus: string, errno: string, reason: string): string {
  const path = `${bus}/nfit/scrub`;
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return `no permission to write ${path} (${errno}): run the probe process as root`;
    case 'EROFS':
      return `${path} is mounted read-only (EROFS): let the probe process write it (ReadWritePaths= of its unit, a writable /sys in a container)`;
    case 'ENOTTY':
      return `no range of ${bus} supports a scrub (ENOTTY)`;
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return `${bus} is gone (${errno})`;
    default:
      return `${path}: ${reason} (${errno})`;
  }
}
