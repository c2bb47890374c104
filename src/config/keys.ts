import { type Static, Type } from 'typebox';
import { api, isExternalUrl, web } from './access-keys.ts';
import { advice } from './advice-keys.ts';
import { duration, listOf, oneOf, text, wholeNumber } from './fields.ts';
import { isAbsolutePath, receiver } from './receiver-keys.ts';
import { scrub } from './scrub-keys.ts';

/**
 * The configuration file (design 4.5), key by key: types, defaults, bounds and the sentences of docs/config.md.
 * What the file holds is checked against this schema alone; `Config` in schema.ts is what the program works with.
 */

const absolutePath = { expected: 'an absolute path', matches: isAbsolutePath };

const poll = Type.Object(
  {
    bad_blocks: duration({
      default: '60s',
      min: '1s',
      max: '1d',
      description:
        'How often every bad-block list is read, with some jitter. The kernel announces changes and the agent reads at once; this is the net under it. A list that is longer than its page makes the kernel log two lines with each read: polled more often than once a minute it is read up to ten times less often, but once a minute at least.',
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
        "How often every receiver gets a `pmem.heartbeat`, for a dead man's switch: also at each start, and never again when it fails. At least 1s; 0s: never.",
    }),
  },
  { description: 'When people are told.' },
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
