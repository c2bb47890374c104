/** What the receivers take, written down from their documentation and as strict as it is: anything else is a mistake of ours. */
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';

const strict = { additionalProperties: false };
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' });
const url = Type.String({ pattern: '^https?://[^\\s<>|]+$' });

/** Prometheus' rules for names; values may be any text that is not empty. */
const labels = Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String({ minLength: 1 }), strict);
/** postableAlerts of Alertmanager's api/v2/openapi.yaml */
export const alertmanagerSchema = Type.Array(
  Type.Object({ labels, annotations: labels, startsAt: time, endsAt: time, generatorURL: Type.Optional(url) }, strict),
  { minItems: 1 },
);

const key = { routing_key: Type.String({ pattern: '^[A-Za-z0-9]{32}$' }), dedup_key: text(255) };
/** "Send an Alert Event" of PagerDuty's Events API v2 */
export const pagerdutySchema = Type.Union([
  Type.Object({ ...key, event_action: Type.Union([Type.Literal('acknowledge'), Type.Literal('resolve')]) }, strict),
  Type.Object(
    {
      ...key,
      event_action: Type.Literal('trigger'),
      client: Type.Optional(text(1024)),
      client_url: Type.Optional(url),
      links: Type.Optional(Type.Array(Type.Object({ href: url, text: Type.Optional(text(1024)) }, strict))),
      payload: Type.Object(
        {
          summary: text(1024),
          source: text(1024),
          severity: Type.Union(['critical', 'error', 'warning', 'info'].map((each) => Type.Literal(each))),
          timestamp: Type.Optional(time),
          component: Type.Optional(text(1024)),
          group: Type.Optional(text(1024)),
          class: Type.Optional(text(1024)),
          custom_details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        },
        strict,
      ),
    },
    strict,
  ),
]);

/** In text objects `<`, `>` and `&` only begin what Slack knows. */
const escaped = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^([^<>&]|&(amp|lt|gt);|<https?://[^<>|]+\\|[^<>|]+>)*$' });
const plainText = (most: number) =>
  Type.Object({ type: Type.Literal('plain_text'), text: escaped(most), emoji: Type.Optional(Type.Boolean()) }, strict);
const mrkdwn = (most: number) =>
  Type.Object({ type: Type.Literal('mrkdwn'), text: escaped(most), verbatim: Type.Optional(Type.Boolean()) }, strict);
const block = Type.Union([
  Type.Object({ type: Type.Literal('header'), text: plainText(150) }, strict),
  Type.Object({ type: Type.Literal('section'), text: Type.Union([plainText(3000), mrkdwn(3000)]) }, strict),
  Type.Object(
    {
      type: Type.Literal('context'),
      elements: Type.Array(Type.Union([plainText(3000), mrkdwn(3000)]), { minItems: 1, maxItems: 10 }),
    },
    strict,
  ),
]);
/** Incoming webhooks and Block Kit of docs.slack.dev */
export const slackSchema = Type.Object(
  {
    text: escaped(40_000),
    mrkdwn: Type.Optional(Type.Boolean()),
    unfurl_links: Type.Optional(Type.Boolean()),
    unfurl_media: Type.Optional(Type.Boolean()),
    blocks: Type.Optional(Type.Array(block, { minItems: 1, maxItems: 50 })),
    attachments: Type.Optional(
      Type.Array(
        Type.Object(
          {
            color: Type.String({ pattern: '^#[0-9a-f]{6}$' }),
            fallback: escaped(3000),
            blocks: Type.Array(block, { minItems: 1, maxItems: 50 }),
          },
          strict,
        ),
        { maxItems: 100 },
      ),
    ),
  },
  strict,
);

/** What is wrong with a body, in words; empty for nothing. */
export function mistakesIn(schema: TSchema, body: string): string[] {
  const value: unknown = JSON.parse(body);
  if (Value.Check(schema, value)) return [];
  return [...Value.Errors(schema, value)].map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
