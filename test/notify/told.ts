/** One message of each type, and bodies as the dialects put them, for the tests of receivers. */
import type { Notice } from '../../src/model/incident.ts';
import type { Message } from '../../src/model/message.ts';
import { renderMessage } from '../../src/notify/message.ts';
import type { ReceiverConfig } from '../../src/notify/notifier.ts';
import { notifiers } from '../../src/notify/notifiers.ts';
import { heartbeatMessage, testMessage } from '../../src/notify/plain-message.ts';
import type { PathPolicy } from '../../src/notify/redaction.ts';
import { createRecordingHttp, type RecordedPost, type ScriptedAnswer } from '../fakes/recording-http.ts';
import { at, owner, story } from './notices.ts';

export const runbookUrl = 'https://runbooks.example/pmemwatch';
export const pageUrl = 'https://db07.example:9915';

export function render(notice: Notice, paths: PathPolicy = 'full'): Message {
  return renderMessage(notice, { durable: true, paths, pageUrl, runbookUrl });
}

/** By type, without `pmem.` and `pmem.incident.`. */
export function everyMessage(): Readonly<Record<string, Message>> {
  const { opened, owned, resolved } = story([owner()]);
  const acknowledgement = { author: 'ann', reason: 'restoring', at: at + 1000, expiresAt: at + 3_600_000 };
  const acknowledged: Notice = { ...owned, type: 'acknowledged', incident: { ...owned.incident, acknowledgement } };
  const { host } = owned;
  const facts = { host, receiver: 'ops', at, pageUrl };
  return {
    opened: render(opened),
    owners: render(owned),
    grew: render({ ...owned, type: 'grew', newRanges: 1, newBytes: 512 }),
    grewBeyondAcknowledgement: render({ ...acknowledged, type: 'grew', newRanges: 1, newBytes: 512 }),
    shrank: render({ ...owned, type: 'shrank' }),
    reminder: render({ ...owned, type: 'reminder' }),
    acknowledged: render(acknowledged),
    resolved: render(resolved),
    resolvedAfterAcknowledgement: render({ ...resolved, incident: { ...resolved.incident, acknowledgement } }),
    test: testMessage(facts, 'ann'),
    heartbeat: heartbeatMessage(facts, { critical: 1, warning: 0, info: 0, complete: true }),
  };
}

export const receiverOf = (type: string, changes: Partial<ReceiverConfig> = {}): ReceiverConfig => ({
  name: 'ops',
  type,
  url: `https://${type}.example/hook`,
  secrets: type === 'pagerduty' ? ['k'.repeat(32)] : [],
  headers: {},
  paths: 'full',
  timeoutMs: 1000,
  ...changes,
});

/** What a dialect posts for a message, and what it makes of the answers, which are those of its receiver when it is well. */
export async function sent(
  type: string,
  message: Message,
  answers: readonly ScriptedAnswer[] = [],
): Promise<{ posts: readonly RecordedPost[]; delivery: string; reason: string }> {
  const receiver = receiverOf(type);
  const http = createRecordingHttp();
  const fine: ScriptedAnswer = type === 'slack' ? { body: 'ok' } : type === 'pagerduty' ? 202 : 200;
  const url = type === 'alertmanager' ? `${receiver.url}/api/v2/alerts` : receiver.url;
  http.script(url, ...(answers.length > 0 ? answers : [fine, fine]));
  const notifier = notifiers.find(({ name }) => name === type);
  if (notifier === undefined) throw new Error(`no dialect ${type}`);
  const delivery = await notifier.send(message, receiver, { http, now: at, signal: new AbortController().signal });
  return { posts: http.posts, delivery: delivery.kind, reason: 'reason' in delivery ? delivery.reason : '' };
}
