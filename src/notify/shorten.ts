import type { Message } from '../model/message.ts';
import { defaultLimits, withCount } from './fit.ts';

/**
 * A message that was made to fit as JSON can still be too long in the words of a dialect, which escape more: cut on until
 * `write` makes it fit. What is left out is counted with what was left out before. Pure.
 */
export function shorten(whole: Message, write: (message: Message) => string, bytes = defaultLimits.bytes): string {
  const { nextStepsOmitted = 0 } = whole;
  const allSteps = nextStepsOmitted === 0 ? whole.nextSteps : whole.nextSteps.slice(0, -1);
  let ranges = whole.ranges.length;
  let files = whole.files.length;
  let steps = allSteps.length;
  for (;;) {
    const text = write({
      ...whole,
      ranges: whole.ranges.slice(0, ranges),
      rangesOmitted: whole.rangesOmitted + whole.ranges.length - ranges,
      files: whole.files.slice(0, files),
      filesOmitted: whole.filesOmitted + whole.files.length - files,
      ...withCount(allSteps, steps, nextStepsOmitted),
    });
    if (ranges + files + steps === 0 || Buffer.byteLength(text) <= bytes) return text;
    // from the harmless end: where it lies, then the files that lost least, then what to do
    if (ranges > 0) ranges = Math.floor(ranges / 2);
    else if (files > 1) files = Math.floor(files / 2);
    else if (steps > 0) steps--;
    else files = 0;
  }
}
