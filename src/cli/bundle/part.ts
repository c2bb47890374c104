/** One file of a support bundle. */
import { AgentError, messageOf } from '../../model/errors.ts';

export interface Part {
  /** in the archive: `agent/incidents.json` */
  readonly file: string;
  readonly about: string;
  /** an answer, which becomes JSON; a text stays as it is */
  readonly content: unknown;
  /** why it is not all there is */
  readonly note?: string;
}
export interface LeftOut {
  readonly file: string;
  readonly why: string;
}
export type Gathered = Part | LeftOut;

export function isPart(gathered: Gathered): gathered is Part {
  return 'content' in gathered;
}

/** A part by itself: what goes wrong with it, or takes too long, is why it is left out. */
export async function gather(
  file: string,
  about: string,
  deadlineMs: number,
  read: () => Promise<{ readonly content: unknown; readonly note?: string }>,
): Promise<Gathered> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new AgentError('PROBE', `it took longer than ${deadlineMs / 1000} s`)), deadlineMs);
  });
  try {
    return { file, about, ...(await Promise.race([read(), late])) };
  } catch (error) {
    return { file, why: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
