import { type Static, Type } from 'typebox';
import { parseCron } from './cron.ts';
import { duration, listOf, oneOf, text, wholeNumber } from './fields.ts';
import { isAbsolutePath, isHttpUrl, name, receiver } from './receiver-keys.ts';

/**
 * The configuration file (design 4.5), key by key: types, defaults, bounds and the sentences of docs/config.md.
 * What the file holds is checked against this schema alone; `Config` in schema.ts is what the program works with.
 */

/** What a path can be put behind. */
function isExternalUrl(value: string): boolean {
  return isHttpUrl(value) && !/[?#]/.test(value);
}

function isOrigin(value: string): boolean {
  return isHttpUrl(value) && new URL(value).origin === value;
}

const absolutePath = { expected: 'an absolute path', matches: isAbsolutePath };

const poll = Type.Object(
  {
    bad_blocks: duration({
      default: '60s',
      min: '1s',
      max: '1d',
      description:
        'How often every bad-block list is read, with some jitter. The kernel announces changes and the agent reads at once; this is the net under it.',
    }),
    health: duration({
      default: '10m',
      min: '10s',
      max: '1d',
      description: 'How often the health of every DIMM is asked for.',
    }),
    health_alarm: duration({
      default: '60s',
      min: '1s',
      max: '1d',
      description:
        'The same for a DIMM with which something is wrong: an alarm, a health that is not ok, a reading that failed. No kernel tells that it is well again. Never less often than `health`.',
    }),
    device_deadline: duration({
      default: '30s',
      min: '100ms',
      max: '10m',
      description:
        'How long one call to a device may take. Past it the device is reported as stuck and left alone until the call returns; the others go on.',
    }),
  },
  { description: 'How often to look, and how long to wait.' },
);

const resolve = Type.Object(
  {
    deadline: duration({
      default: '5m',
      min: '1s',
      max: '1h',
      description: 'How long the search for the owners of one bad range may take.',
    }),
    walk_roots: listOf(text({ description: 'A directory.', ...absolutePath }), {
      default: [],
      description:
        'Directories that a walk over files is limited to, where the file system has no faster way or the agent may not use it. Empty: the whole file system. The answer says that it is not complete.',
    }),
  },
  { description: 'Finding out which file a bad range belongs to.' },
);

const notify = Type.Object(
  {
    group_wait: duration({
      default: '2s',
      min: '0s',
      max: '5m',
      description: 'How long a new incident waits for its owners and for more ranges before people are told.',
    }),
    remind: oneOf(['once', 'daily', 'diminishing'], {
      default: 'once',
      description:
        'Whether an incident that stands and that nobody has acknowledged is told again: `once`: never; `daily`; `diminishing`: after 1, 2, 4, 8 … days since something about it last changed.',
    }),
    retry_for: duration({
      default: '72h',
      min: '1s',
      max: '30d',
      description:
        'How long a message is tried while its receiver does not take it, of the time in which the agent runs. Then it is a dead letter; of what still stands the last word goes out all the same when the receiver is back.',
    }),
    runbook_url: Type.Optional(
      text({
        description:
          'The page that messages link to for what to do, with the condition as its anchor (`#media_error`). Without it, that of the agent itself: `/runbook` below `web.external_url` or the listening address.',
        expected: 'an http or https URL without user name, password, query and fragment',
        matches: isExternalUrl,
      }),
    ),
    heartbeat: duration({
      default: '0s',
      min: '0s',
      max: '30d',
      description:
        "How often every receiver gets a `pmem.heartbeat`, for a dead man's switch: also at each start, and never again when it fails. 0s: never.",
    }),
  },
  { description: 'When people are told.' },
);

function whyNoSchedule(value: string): string | undefined {
  const schedule = value === 'off' ? undefined : parseCron(value);
  return typeof schedule === 'string' ? schedule : undefined;
}
const schedule = {
  expected: 'a cron expression such as "0 1 * * 0", or off',
  matches: (value: string) => whyNoSchedule(value) === undefined,
  explain: whyNoSchedule,
};

const scrub = Type.Object(
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

const metrics = Type.Object(
  {
    paths: oneOf(['off', 'hash', 'full'], {
      default: 'off',
      description: 'Whether /metrics names damaged files: not at all, as hashes, or in full.',
    }),
    damaged_files: wholeNumber({
      default: 20,
      min: 0,
      max: 1000,
      description: 'At most so many damaged files per device in /metrics; the others are counted.',
    }),
  },
  { description: 'What /metrics shows.' },
);

const token = Type.Object(
  {
    name: text({ description: 'Names the token in logs; each name once.', ...name }),
    scope: oneOf(['read', 'operate'], {
      description:
        '`read`: file names and questions about files. `operate`: the same and everything that changes anything.',
    }),
    hash: text({
      description: 'SHA-256 of the token, as `sha256:` and 64 hex digits (`printf %s "$TOKEN" | sha256sum`).',
      expected: '"sha256:" and 64 hex digits',
      secret: true,
      matches: (value) => /^sha256:[0-9a-f]{64}$/.test(value),
    }),
  },
  { description: 'One token for the HTTP API.' },
);

const api = Type.Object(
  {
    socket: text({
      description: 'The unix socket that the command line asks; `off`: none.',
      default: '/run/pmemwatch/api.sock',
      expected: 'an absolute path of at most 107 bytes, or off',
      matches: (value) => value === 'off' || (isAbsolutePath(value) && Buffer.byteLength(value) <= 107),
    }),
    tokens: listOf(token, {
      default: [],
      description: 'Who may see file names and change things over TCP. Empty: nobody.',
    }),
  },
  { description: 'The HTTP API.' },
);

/** Also what the limits that a file leaves out are compared with. */
export const adviceDefaults = {
  left_plan: 20,
  left_now: 10,
  new_ranges_plan: 3,
  new_ranges_now: 10,
  recurrences_plan: 1,
  recurrences_now: 3,
  dirty_shutdowns_watch: 1,
  dirty_shutdowns_plan: 3,
} as const;
const advice = Type.Object(
  {
    left_plan: wholeNumber({
      default: adviceDefaults.left_plan,
      min: 0,
      max: 100,
      description: 'Percent left of spare capacity or life at which a replacement is to be planned.',
    }),
    left_now: wholeNumber({
      default: adviceDefaults.left_now,
      min: 0,
      max: 100,
      description: 'Percent left of spare capacity or life at which the module is to be replaced now.',
    }),
    window: duration({
      default: '24h',
      min: '1m',
      max: '365d',
      description: 'How far back new bad ranges are counted.',
    }),
    new_ranges_plan: wholeNumber({
      default: adviceDefaults.new_ranges_plan,
      min: 1,
      max: 1_000_000,
      description: 'New bad ranges within `window` at which a replacement is to be planned.',
    }),
    new_ranges_now: wholeNumber({
      default: adviceDefaults.new_ranges_now,
      min: 1,
      max: 1_000_000,
      description: 'New bad ranges within `window` at which the module is to be replaced now.',
    }),
    long_window: duration({
      default: '30d',
      min: '1h',
      max: '3650d',
      description: 'How far back everything else is counted; a new bad range within it keeps the module watched.',
    }),
    recurrences_plan: wholeNumber({
      default: adviceDefaults.recurrences_plan,
      min: 1,
      max: 1_000_000,
      description:
        'Places bad again after they were cleared, within `long_window`, at which a replacement is to be planned.',
    }),
    recurrences_now: wholeNumber({
      default: adviceDefaults.recurrences_now,
      min: 1,
      max: 1_000_000,
      description: 'The same at which the module is to be replaced now.',
    }),
    dirty_shutdowns_watch: wholeNumber({
      default: adviceDefaults.dirty_shutdowns_watch,
      min: 1,
      max: 1_000_000,
      description: 'Dirty shutdowns within `long_window` at which the module is to be watched.',
    }),
    dirty_shutdowns_plan: wholeNumber({
      default: adviceDefaults.dirty_shutdowns_plan,
      min: 1,
      max: 1_000_000,
      description: 'The same at which a replacement is to be planned.',
    }),
  },
  { description: 'When a DIMM is to be replaced (docs/replacement-advice.md).' },
);

const incidents = Type.Object(
  {
    removed_after: duration({
      default: '24h',
      min: '0s',
      max: '365d',
      description: 'When the incident of a device that is gone is resolved as `device_removed`.',
    }),
  },
  { description: 'The life of incidents.' },
);

const web = Type.Object(
  {
    external_url: Type.Optional(
      text({
        description:
          'Where people open the page, such as `https://db07.example.org:9915` or a path behind a reverse proxy: what links in messages begin with. Its host name is served too. Without it, links name the listening address.',
        expected: 'an http or https URL without user name, password, query and fragment',
        matches: isExternalUrl,
      }),
    ),
    allowed_hosts: listOf(
      text({
        description: 'A host name.',
        expected: 'a host name without scheme and port',
        matches: (value) => /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value),
      }),
      {
        default: [],
        description:
          'Host names that requests may ask for, beside addresses and localhost. Others are refused, so that a page in a browser cannot reach the agent under a name of its own.',
      },
    ),
    cors_origins: listOf(
      text({
        description: 'An origin.',
        expected:
          'an origin as browsers send it, such as https://ops.example.org: scheme, host and a port that is not the usual one',
        matches: isOrigin,
      }),
      {
        default: [],
        description:
          'Pages from elsewhere that may ask the API in a browser, with what the browser knows of its user (CORS). Each exactly as it is; there is no pattern. Empty: none.',
      },
    ),
  },
  { description: 'The listening address is a flag (`--web.listen-address`).' },
);

const agent = Type.Object(
  {
    user: text({
      description: 'Started as root, the listening process becomes this user; the probe process keeps what it needs.',
      default: 'pmemwatch',
      expected: 'a user name',
      matches: (value) => /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(value),
    }),
  },
  { description: 'The agent itself.' },
);

export const configSchema = Type.Object(
  {
    poll,
    resolve,
    notify,
    receivers: listOf(receiver, {
      default: [],
      description: 'Who is told. Each has its own filters and its own queue.',
    }),
    scrub,
    metrics,
    api,
    advice,
    incidents,
    web,
    agent,
    retention: duration({
      default: '90d',
      min: '1d',
      max: '3650d',
      description: 'How long events, deliveries and resolved incidents are kept. Open incidents are always kept.',
    }),
  },
  { description: 'The configuration file.' },
);

/** The file as written, with every default filled in. Durations are still text. */
export type ConfigFile = Static<typeof configSchema>;
export type ReceiverEntry = Static<typeof receiver>;
