import { type Static, type TSchema, Type } from 'typebox';
import { notesOf, oneOf, text } from './fields.ts';
import { parseGoDuration } from './go-duration.ts';
import { clientAuthTypes, curveNames, suiteNames, versionNames } from './tls-names.ts';

/** `--web.config.file`: the keys of the Prometheus exporter toolkit, docs/web-configuration.md there, and no other. */

const filePath = (description: string) =>
  Type.Optional(text({ description, expected: 'a file, relative to the folder of this one' }));
const pem = (description: string) =>
  Type.Optional(
    text({
      description,
      expected: 'PEM (-----BEGIN …-----)',
      secret: true,
      matches: (value) => value === '' || value.includes('-----BEGIN '),
    }),
  );
const list = <Item extends TSchema>(item: Item, description: string) =>
  Type.Optional(Type.Array<Item>(item, { description }));

/** What YAML 1.1 takes for a boolean, as Go's reader still does; js-yaml and others leave most of it text. */
const truths: Readonly<Record<string, boolean>> = Object.fromEntries(
  [
    ['y', 'yes', 'on', 'true'],
    ['n', 'no', 'off', 'false'],
  ].flatMap((words, i) =>
    words.flatMap((word) =>
      [word, word.toUpperCase(), (word[0] ?? '').toUpperCase() + word.slice(1)].map((form) => [form, i === 0]),
    ),
  ),
);
export function isOn(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : typeof value === 'string' ? truths[value] : undefined;
}
const onOrOff = (description: string) =>
  Type.Optional(
    Type.Refine(
      Type.Unknown({ description, expected: 'true or false' }),
      (value: unknown) => isOn(value) !== undefined,
      () => 'true or false',
    ),
  );

const tlsServer = Type.Object({
  cert: pem('The certificate itself.'),
  key: pem('The key itself.'),
  client_ca: pem('The authorities themselves.'),
  cert_file: filePath('The certificate; it wins over `cert`.'),
  key_file: filePath('Its key; it wins over `key`.'),
  client_auth_type: Type.Optional(
    oneOf(['', ...(Object.keys(clientAuthTypes) as (keyof typeof clientAuthTypes)[])], {
      description: 'What is asked of clients.',
      expected: `one of ${Object.keys(clientAuthTypes).join(', ')}`,
    }),
  ),
  client_ca_file: filePath('Who may have made the certificates of clients; it wins over `client_ca`.'),
  client_allowed_sans: list(
    text({ description: 'A name.', expected: 'a name' }),
    'Names of which a certificate must have one.',
  ),
  min_version: Type.Optional(oneOf(versionNames, { description: 'The oldest version.' })),
  max_version: Type.Optional(oneOf(versionNames, { description: 'The newest version.' })),
  cipher_suites: list(
    text({
      description: 'A cipher suite.',
      expected: 'a cipher suite that Go knows as secure',
      matches: (value) => suiteNames.includes(value),
    }),
    'Up to TLS 1.2.',
  ),
  prefer_server_cipher_suites: onOrOff('Whether the order of `cipher_suites` counts.'),
  curve_preferences: list(oneOf(curveNames, { description: 'A curve.' }), 'For the key exchange, in this order.'),
});

/** YAML makes numbers and booleans of some values that are meant as text, such as `X-XSS-Protection: 1`. */
const headerValue = (matches: (value: string) => boolean, expected: string) =>
  Type.Optional(
    Type.Refine(
      Type.Unknown({ description: 'A header.', expected }),
      (value: unknown) => /^(string|number|boolean)$/.test(typeof value) && matches(String(value)),
      () => expected,
    ),
  );
// what Node.js refuses to send, and Go sends with blanks in place of line ends, is refused here
const isHeaderText = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
const anyText = headerValue(isHeaderText, 'a text of one line');

const httpServer = Type.Object({
  http2: onOrOff('HTTP/2, which this program does not speak: clients get HTTP/1.1.'),
  headers: Type.Optional(
    Type.Object({
      'Content-Security-Policy': anyText,
      'X-Frame-Options': headerValue((value) => /^(deny|sameorigin)?$/.test(value), 'deny or sameorigin'),
      'X-Content-Type-Options': headerValue((value) => /^(nosniff)?$/.test(value), 'nosniff'),
      'X-XSS-Protection': anyText,
      'Strict-Transport-Security': anyText,
    }),
  ),
});

const hash = text({
  description: 'A hash.',
  expected: 'a bcrypt hash ("htpasswd -nBC 10 USER" makes one)',
  secret: true,
  matches: (value) => /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/.test(value),
});

const rateLimit = Type.Object({
  interval: Type.Optional(
    Type.Refine(
      Type.Unknown({ description: 'Time between requests.', expected: 'a duration such as 100ms' }),
      (value: unknown) => parseGoDuration(value) !== undefined,
      () => 'a duration such as 100ms',
    ),
  ),
  burst: Type.Optional(
    Type.Integer({ description: 'Requests at once.', minimum: 0, maximum: 1_000_000_000, expected: 'a whole number' }),
  ),
});

export const webSchema = Type.Object({
  tls_server_config: Type.Optional(tlsServer),
  http_server_config: Type.Optional(httpServer),
  basic_auth_users: Type.Optional(Type.Record(Type.String(), hash, { description: notesOf(hash).description ?? '' })),
  rate_limit: Type.Optional(rateLimit),
});
export type WebFile = Static<typeof webSchema>;
export type TlsSection = NonNullable<WebFile['tls_server_config']>;
