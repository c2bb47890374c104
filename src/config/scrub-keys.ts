import { Type } from 'typebox';
import { parseCron } from './cron.ts';
import { duration, oneOf, text } from './fields.ts';

/** The keys of `scrub` (design 4.5). */

function whyNoSchedule(value: string): string | undefined {
  const schedule = value === 'off' ? undefined : parseCron(value);
  return typeof schedule === 'string' ? schedule : undefined;
}
const schedule = {
  expected: 'a cron expression such as "0 1 * * 0", or off',
  matches: (value: string) => whyNoSchedule(value) === undefined,
  explain: whyNoSchedule,
};

export const scrub = Type.Object(
  {
    schedule: text({
      default: '0 1 * * 0',
      description:
        'When every bus is searched: minute, hour, day of the month, month, day of the week, in local time; `off`: never by itself. What was missed while the host was down is caught up once.',
      ...schedule,
    }),
    buses: Type.Record(Type.String(), text({ description: 'A schedule.', ...schedule }), {
      default: {},
      description:
        'Other schedules for single buses, by kernel name (`ndbus0`) or provider (`ACPI.NFIT`), as `pmemwatch list` shows them.',
    }),
    jitter: duration({
      default: '4h',
      min: '0s',
      max: '6d',
      description:
        'Each host starts at a time of its own within this much after the schedule, always the same, so that a fleet does not search at once.',
    }),
    max_load: Type.Number({
      default: 1,
      minimum: 0,
      maximum: 1000,
      expected: 'a number from 0 to 1000',
      description:
        'Nothing is started by schedule while the load average of five minutes, per processor, is above this; it is started when that has passed. 0: no limit.',
    }),
    deadline: duration({
      default: '48h',
      min: '1m',
      max: '30d',
      description: 'A scrub that has not ended by then is told (`scrub_failed`). It is followed all the same.',
    }),
    overdue_after: duration({
      default: '15d',
      min: '0s',
      max: '3650d',
      description:
        'When the last full scrub that pmemwatch saw through, or the first sight of the bus where there was none, is older than this, it is told (`scrub_overdue`). 0s: never.',
    }),
    after_error: Type.Boolean({
      default: false,
      expected: 'true or false',
      description: 'Whether an uncorrected error asks for a search of its whole bus, at most once an hour.',
    }),
    hw_error_scrub: oneOf(['keep', 'on', 'off'], {
      default: 'keep',
      description:
        "What the kernel's own setting is to be: with `on` it starts a scrub of known errors itself at each machine check (`nfit/hw_error_scrub`). `keep`: as it is.",
    }),
  },
  { description: 'Searches of whole buses for latent errors (address range scrub, ARS).' },
);
