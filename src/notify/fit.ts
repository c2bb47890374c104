/** Making a message as small as it has to be: lists are cut from their harmless end, and what is left out is counted. Pure. */
import type { Message } from '../model/message.ts';
import { plural } from './wording.ts';

export interface MessageLimits {
  /** of the JSON text, in UTF-8 */
  readonly bytes: number;
  readonly ranges: number;
  readonly files: number;
}
/** 20 kB: what a person reads on a phone, and what chat and paging services take. */
export const defaultLimits: MessageLimits = { bytes: 20_000, ranges: 100, files: 50 };

/** Of what the lists may have together: next steps first, then files; ranges, whose owners say the same again, get the rest. */
const STEPS_SHARE = 0.4;
const FILES_SHARE = 0.6;
/** for the counts of what is left out, and the sentence about steps */
const COUNTS_BYTES = 200;

export function fit(whole: Message, limits: MessageLimits): Message {
  const bare = { ...whole, ranges: [], files: [], nextSteps: [] };
  const budget = limits.bytes - bytesOf(bare) - COUNTS_BYTES;
  const steps = new Cut(whole.nextSteps, whole.nextSteps.length);
  const files = new Cut(whole.files, limits.files);
  const ranges = new Cut(whole.ranges, limits.ranges);
  let left = budget;
  left -= steps.take(left * STEPS_SHARE);
  left -= files.take(left * FILES_SHARE);
  left -= ranges.take(left);
  left -= files.take(left);
  steps.take(left);
  return {
    ...whole,
    ranges: ranges.taken(),
    rangesOmitted: whole.ranges.length - ranges.count,
    files: files.taken(),
    filesOmitted: whole.files.length - files.count,
    ...withCount(whole.nextSteps, steps.count, 0),
  };
}

/** The beginning of a list, growing as long as there is room. */
class Cut<T> {
  readonly #items: readonly T[];
  readonly #most: number;
  count = 0;

  constructor(items: readonly T[], most: number) {
    this.#items = items;
    this.#most = Math.min(items.length, most);
  }
  /** Takes what fits into so many bytes; answers how many it used. */
  take(bytes: number): number {
    let used = 0;
    for (; this.count < this.#most; this.count++) {
      const size = bytesOf(this.#items[this.count]) + 1;
      if (used + size > bytes) break;
      used += size;
    }
    return used;
  }
  taken(): readonly T[] {
    return this.#items.slice(0, this.count);
  }
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** @param omitted how many were left out before */
export function withCount(
  steps: readonly string[],
  kept: number,
  omitted: number,
): Pick<Message, 'nextSteps' | 'nextStepsOmitted'> {
  const missing = omitted + steps.length - kept;
  if (missing === 0) return { nextSteps: steps };
  const are = plural(missing, 'more step is', 'more steps are');
  const closing = `${are} left out of this message: pmemwatch incidents and pmemwatch list on the host show all there is.`;
  return { nextSteps: [...steps.slice(0, kept), closing], nextStepsOmitted: missing };
}
