/** Slack's incoming webhooks: text objects and blocks of docs.slack.dev ("Formatting message text", "Block Kit"). */
import type { Message } from '../model/message.ts';
import type { HttpAnswer } from '../ports.ts';
import { deliveryOf } from './answer.ts';
import type { Delivery, Notifier } from './notifier.ts';
import { acknowledgementText, cutText, fileTexts, headline, placeText } from './outline.ts';
import { post } from './post.ts';
import { shorten } from './shorten.ts';
import { plural } from './wording.ts';

/** Slack refuses a message with more; 50 blocks are its limit for all of them together. */
const MOST_HEADER = 150;
const MOST_SECTION = 3000;
const MOST_STEPS = 30;
const MOST_FILE_SECTIONS = 3;

interface Text {
  readonly type: 'mrkdwn' | 'plain_text';
  readonly text: string;
  readonly emoji?: false;
  readonly verbatim?: true;
}
type Block =
  | { readonly type: 'header' | 'section'; readonly text: Text }
  | { readonly type: 'context'; readonly elements: readonly Text[] };

export const slack: Notifier = {
  name: 'slack',
  async send(message, receiver, context) {
    const delivery = await post(messageText(message), {}, receiver, context, outcomeOf);
    if (delivery.kind !== 'rejected' || delivery.answer === undefined || !aboutBlocks.test(delivery.answer)) {
      return delivery;
    }
    // an alert in plain words beats one that is refused for its looks
    return post(plainText(message), {}, receiver, context, outcomeOf);
  },
};
const aboutBlocks = /^invalid_(blocks|payload|attachments)|^too_many_attachments/;

/** The body: first what happened, in a box of its severity's colour what it is about and what to do. */
export function messageText(whole: Message): string {
  const write = (message: Message): string =>
    JSON.stringify({
      ...JSON.parse(plainText(message)),
      blocks: [
        { type: 'header', text: plain(cutText(headline(message), MOST_HEADER)) },
        { type: 'section', text: plain(escapeWithin(message.summary, MOST_SECTION)) },
      ] satisfies Block[],
      attachments: [
        { color: colorOf(message), fallback: escapeWithin(headline(message), MOST_HEADER), blocks: detailsOf(message) },
      ],
    });
  return shorten(whole, write);
}

/** `mrkdwn: false`, so that nothing in a path is taken for formatting. */
function plainText(message: Message): string {
  return JSON.stringify({
    text: escapeWithin(`${headline(message)}\n${message.summary}`, MOST_SECTION),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
  });
}

function detailsOf(message: Message): Block[] {
  const { firstSeen, openedAt, totals, type } = message;
  if (type === 'pmem.test' || type === 'pmem.heartbeat') return [context([message.time])];
  const about = [
    placeText(message),
    totals.ranges === 0 ? '' : `${plural(totals.bytes, 'bad byte')} in ${plural(totals.ranges, 'range')}`,
    totals.ranges === 0 ? `open since ${openedAt}` : `first seen ${firstSeen}`,
    acknowledgementText(message),
    message.durable ? '' : 'not yet written to the state file: this message may come twice',
  ].filter((text) => text !== '');
  const files = codeSections(fileTexts(message)).slice(0, MOST_FILE_SECTIONS);
  const steps = message.nextSteps.slice(0, MOST_STEPS);
  const more = message.nextSteps.length - steps.length;
  return [
    context(about),
    ...(files.length === 0 ? [] : [heading('Damaged files'), ...files]),
    ...(steps.length === 0 ? [] : [heading('Next steps'), ...steps.map(stepSection)]),
    ...(more === 0 ? [] : [context([`${plural(more, 'more step')}: pmemwatch incidents on the host shows all.`])]),
    ...linksOf(message),
  ];
}

function heading(words: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text: `*${words}*` } };
}
function context(texts: readonly string[]): Block {
  return { type: 'context', elements: texts.map((text) => plain(escapeWithin(text, MOST_SECTION))) };
}
function plain(text: string): Text {
  return { type: 'plain_text', text, emoji: false };
}
/** One that does not fit is not cut: half a command is worse than none. */
function stepSection(step: string): Block {
  const text = escapeCode(step);
  const fits = text.length + 8 <= MOST_SECTION;
  return code(fits ? text : 'This step is too long for Slack: pmemwatch incidents on the host shows it.');
}
function code(escaped: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text: `\`\`\`\n${escaped}\n\`\`\``, verbatim: true } };
}
/** Whole lines, as many to a section as it takes. */
function codeSections(lines: readonly string[]): Block[] {
  const sections: string[] = [];
  for (const line of lines.map((text) => cutEscaped(escapeCode(text), MOST_SECTION - 8))) {
    const last = sections.at(-1);
    if (last !== undefined && last.length + line.length + 9 <= MOST_SECTION) sections.splice(-1, 1, `${last}\n${line}`);
    else sections.push(line);
  }
  return sections.map(code);
}

function linksOf({ links, runbookUrl }: Message): Block[] {
  const shown = [
    links.page === '' ? '' : `<${escapeUrl(links.page)}|The incident on its host>`,
    runbookUrl === '' ? '' : `<${escapeUrl(runbookUrl)}|Runbook>`,
  ].filter((link) => link !== '');
  if (shown.length === 0) return [];
  return [{ type: 'context', elements: shown.map((text) => ({ type: 'mrkdwn', text })) }];
}

/** The three characters that begin something in a text object. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
function escapeUrl(url: string): string {
  return escapeText(url).replaceAll('|', '%7C');
}
/** Within a block of code only three backticks in a row end it: a character of no width stands before each third. */
function escapeCode(text: string): string {
  return escapeText(text).replaceAll('``', '`\u200b`');
}
function escapeWithin(text: string, most: number): string {
  return cutEscaped(escapeText(text), most);
}
/** Never within an `&amp;`. */
function cutEscaped(escaped: string, most: number): string {
  const cut = cutText(escaped, most);
  return cut === escaped ? cut : cut.replace(/&[a-z]{0,3}…$/, '…');
}

function colorOf({ status, severity, type }: Message): string {
  if (type === 'pmem.test' || type === 'pmem.heartbeat') return '#808080';
  if (status === 'resolved') return '#2eb886';
  return { critical: '#a30200', warning: '#daa038', info: '#439fe0' }[severity];
}

/** Slack says `ok`; another 200 is a page that stands in between. */
function outcomeOf(answer: HttpAnswer, now: number): Delivery {
  const delivery = deliveryOf(answer, now);
  if (delivery.kind !== 'delivered' || answer.body.trim() === 'ok') return delivery;
  return { kind: 'retry', reason: `HTTP ${answer.status} without the "ok" of Slack` };
}
