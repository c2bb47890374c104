import { Cron } from 'croner';
import type { Schedule } from '../model/schedule.ts';

/** minute, hour, day of the month, month, day of the week */
const FIELDS = 5;

/**
 * A cron expression of five fields, or one of `@weekly` and its like. In local time unless a time zone (IANA name) is given: what
 * falls into the hour that a clock skips comes right after it, what falls into the hour that comes twice comes once.
 * @returns what is wrong with it, in words, when it is none
 */
export function parseCron(text: string, timeZone?: string): Schedule | string {
  const expression = text.trim();
  if (!expression.startsWith('@') && expression.split(/\s+/).length !== FIELDS) {
    return 'a cron expression has five fields: minute, hour, day of the month, month, day of the week';
  }
  let cron: Cron;
  try {
    cron = new Cron(expression, { paused: true, ...(timeZone !== undefined && { timezone: timeZone }) });
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Cron\w*: /, '') : String(error);
  }
  const next = (at: number): number | undefined => cron.nextRun(new Date(at))?.getTime();
  return next(0) === undefined ? 'that time never comes' : { text: expression, next };
}
