/** How much of a message goes out: what is left out is counted. Pure. */
import type { Message } from '../model/message.ts';
import { plural } from './wording.ts';

export interface MessageLimits {
  /** of the text as it is sent, in UTF-8 */
  readonly bytes: number;
  readonly ranges: number;
  readonly files: number;
}
/** Standard Webhooks asks for less than 20 kB; people do not read more on a telephone either. */
export const defaultLimits: MessageLimits = { bytes: 20_000, ranges: 100, files: 50 };

/** Cuts the lists from their harmless end until the message fits as `write` puts it. */
export function fit(
  whole: Message,
  limits: MessageLimits = defaultLimits,
  write: (message: Message) => string = JSON.stringify,
): Message {
  const allSteps = stepsOf(whole);
  let ranges = Math.min(whole.ranges.length, limits.ranges);
  let files = Math.min(whole.files.length, limits.files);
  let steps = allSteps.length;
  for (;;) {
    const message = {
      ...whole,
      ranges: whole.ranges.slice(0, ranges),
      rangesOmitted: whole.rangesOmitted + whole.ranges.length - ranges,
      files: whole.files.slice(0, files),
      filesOmitted: whole.filesOmitted + whole.files.length - files,
      ...withSteps(allSteps.slice(0, steps), (whole.nextStepsOmitted ?? 0) + allSteps.length - steps),
    };
    if (ranges + files + steps === 0 || Buffer.byteLength(write(message)) <= limits.bytes) return message;
    if (ranges > 1) ranges = Math.floor(ranges / 2);
    else if (files > 1) files = Math.floor(files / 2);
    else if (steps > 1) steps = Math.floor(steps / 2);
    else if (ranges > 0) ranges = 0;
    else if (steps > 0) steps = 0;
    else files = 0;
  }
}

/** The steps themselves: without the line that closes a list which was cut. */
export function stepsOf({ nextSteps, nextStepsOmitted = 0 }: Message): readonly string[] {
  return nextStepsOmitted === 0 ? nextSteps : nextSteps.slice(0, -1);
}

function withSteps(steps: readonly string[], omitted: number): Pick<Message, 'nextSteps' | 'nextStepsOmitted'> {
  if (omitted === 0) return { nextSteps: steps };
  const missing = plural(omitted, 'more step is', 'more steps are');
  const closing = `${missing} left out of this message: pmemwatch incidents and pmemwatch list on the host show all there is.`;
  return { nextSteps: [...steps, closing], nextStepsOmitted: omitted };
}
