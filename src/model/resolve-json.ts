import type { Owner, ResolveAnswer } from './owner.ts';

/** Devices that were asked about as nodes, layers by their kernel names. */
function nodeOf(device: string): string {
  return device === '' ? '' : `/dev/${device}`;
}

/** `resolve --json` and `POST /api/v1/resolve` (design 4.1). */
export function resolveJson(answer: ResolveAnswer) {
  return {
    device: nodeOf(answer.device),
    complete: answer.complete,
    results: answer.results.map(({ owners, ...range }) => ({
      ...range,
      owners: owners.map((owner): Owner => ({ ...owner, device: nodeOf(owner.device) })),
    })),
  };
}
