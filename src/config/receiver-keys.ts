import { Type } from 'typebox';
import { conditions, type Severity } from '../model/incident.ts';
import { duration, listOf, oneOf, text } from './fields.ts';

/** The keys of one receiver of messages (design 4.5). */

const severities = ['critical', 'warning', 'info'] as const satisfies readonly Severity[];

export const receiverTypes = ['webhook', 'alertmanager', 'pagerduty', 'slack'] as const;

export function isAbsolutePath(value: string): boolean {
  return value.startsWith('/') && !value.includes('\0');
}
export function isSecretPath(value: string): boolean {
  return isAbsolutePath(value) || /^\$CREDENTIALS_DIRECTORY\/[A-Za-z0-9._-]+$/.test(value);
}
export function isVariable(value: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(value);
}
export function isHttpUrl(value: string): boolean {
  // the parser drops line ends and blanks around it: a URL in two lines is a mistake
  if (/\s/.test(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '';
}
/** RFC 9110 field value: visible characters, spaces and tabs, nothing that could end the line. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/** Of a secret: systemd has them below a folder that only the service knows. */
const secretPath = {
  expected: 'an absolute path, or $CREDENTIALS_DIRECTORY/NAME for a credential of systemd',
  matches: isSecretPath,
};
const variable = {
  expected: 'a name of letters, digits and "_"',
  matches: isVariable,
};
export const name = {
  expected: 'a name of letters, digits, ".", "_" and "-", at most 64',
  matches: (value: string) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value),
};

export const receiver = Type.Object(
  {
    name: text({ description: 'Names the receiver in metrics and logs; each name once.', ...name }),
    type: oneOf(receiverTypes, { description: 'What the receiver speaks.' }),
    url: Type.Optional(
      text({
        description:
          'Where to post. One of `url`, `url_file` and `url_env`; `pagerduty` has a default. Never shown: an address may hold a token.',
        expected: 'an http or https URL without user name and password',
        secret: true,
        matches: isHttpUrl,
      }),
    ),
    url_file: Type.Optional(
      text({ description: 'A file whose only line is the URL, for URLs that are secret themselves.', ...secretPath }),
    ),
    url_env: Type.Optional(text({ description: 'An environment variable with the URL.', ...variable })),
    urls: listOf(
      text({
        description: 'A URL.',
        expected: 'an http or https URL without user name and password',
        secret: true,
        matches: isHttpUrl,
      }),
      {
        default: [],
        minItems: 1,
        description:
          'In place of `url`, for `alertmanager`: every instance of a cluster. Each gets every alert and is a receiver of its own in metrics and logs, named with `-1`, `-2` behind its name, so that one that is down delays no other.',
      },
    ),
    secret_file: Type.Optional(
      text({
        description:
          'A file with the secret. `webhook`: the key that messages are signed with (Standard Webhooks, `whsec_…`); while keys change hands it can hold several, one a line, the newest first: messages then carry a signature of each. `pagerduty`: the integration key.',
        ...secretPath,
      }),
    ),
    secret_env: Type.Optional(text({ description: 'An environment variable with the same.', ...variable })),
    headers: Type.Record(
      Type.String(),
      text({
        description: 'A header value.',
        expected: 'a header value (text on one line)',
        secret: true,
        matches: isHeaderValue,
      }),
      { default: {}, description: 'Headers sent with every message; for those that are secret see `header_files`.' },
    ),
    header_files: Type.Record(
      Type.String(),
      text({ description: 'A file whose only line is the value.', ...secretPath }),
      {
        default: {},
        description: 'Headers whose values are in files, such as `Authorization`.',
      },
    ),
    labels: Type.Record(
      Type.String(),
      text({
        description: 'A label value.',
        expected: 'a text on one line',
        matches: (value) => value !== '' && !/\p{Cc}/u.test(value),
      }),
      {
        default: {},
        description:
          'For `alertmanager`: labels of every alert beside its own, as `external_labels` of Prometheus. `instance` is the host and the port that is listened on unless it is set here.',
      },
    ),
    severities: listOf(oneOf(severities, { description: 'A severity.' }), {
      default: severities,
      minItems: 1,
      description: 'Only incidents of these severities are sent.',
    }),
    conditions: listOf(oneOf(conditions, { description: 'A condition.' }), {
      default: conditions,
      defaultText: 'all',
      minItems: 1,
      description: 'Only incidents of these conditions are sent.',
    }),
    paths: oneOf(['full', 'hash', 'off'], {
      default: 'full',
      description: 'Whether messages name files: in full, as hashes that only tell them apart, or not at all.',
    }),
    timeout: duration({
      default: '10s',
      min: '100ms',
      max: '5m',
      description: 'How long to wait for an answer to one message.',
    }),
  },
  { description: 'One receiver of messages.' },
);
