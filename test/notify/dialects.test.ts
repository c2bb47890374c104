/** Every dialect with every type of message: as reviewed (`npm run golden` rewrites it), as its receiver takes it, below 20 kB. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Message } from '../../src/model/message.ts';
import { notifiers } from '../../src/notify/notifiers.ts';
import { owner, story } from './notices.ts';
import { alertmanagerSchema, mistakesIn, pagerdutySchema, slackSchema } from './receiver-schemas.ts';
import { everyMessage, render, sent } from './told.ts';

const folder = join(import.meta.dirname, '../fixtures/notify');
const schemas = { alertmanager: alertmanagerSchema, pagerduty: pagerdutySchema, slack: slackSchema };
type Dialect = keyof typeof schemas;
const dialects = Object.keys(schemas) as Dialect[];

describe('every dialect', () => {
  for (const type of ['webhook', ...dialects]) {
    it(`puts each message as reviewed: ${type}`, async () => {
      const told: Record<string, unknown[]> = {};
      for (const [name, message] of Object.entries(everyMessage())) {
        const { posts, delivery } = await sent(type, message);
        assert.equal(delivery, 'delivered', name);
        told[name] = posts.map(({ body }) => JSON.parse(body) as unknown);
      }
      const text = `${JSON.stringify(told, undefined, 2)}\n`;
      const file = join(folder, `${type}-messages.json`);
      if (process.env['UPDATE_GOLDEN'] === '1') {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, text);
      }
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }

  it('has its fixture and its schema', () => {
    assert.deepEqual(
      notifiers.map(({ name }) => name),
      [...dialects, 'webhook'].sort(),
    );
  });

  for (const type of dialects) {
    it(`posts what its receiver takes, whatever the names of files are, in less than 20 kB: ${type}`, async () => {
      for (const [why, message] of [...Object.entries(everyMessage()), ...Object.entries(hostile())]) {
        const { posts, delivery } = await sent(type, message);
        assert.equal(delivery, 'delivered', why);
        for (const { body } of posts) {
          assert.deepEqual(mistakesIn(schemas[type], body), [], why);
          assert.ok(Buffer.byteLength(body) <= 20_000, `${why}: ${Buffer.byteLength(body)} bytes`);
        }
      }
    });
  }
});

/** Messages that are hard to put: very many files, very long and very odd names. */
function hostile(): Record<string, Message> {
  const odd = '/pg/`rm -rf````<!channel> & <@U1|x> *b* _i_ ~s~ "q" \u202e\u0000\n\t\u{1f4a5}|';
  const files = (count: number, path: (i: number) => string): Message =>
    render(
      story(
        Array.from({ length: count }, (_, i) =>
          owner({
            ...run(300_000 + i * 16, 8),
            inode: `${i}`,
            paths: [path(i)],
            pathsBase64: [Buffer.from(path(i)).toString('base64')],
          }),
        ),
      ).owned,
    );
  return {
    'an odd name': files(1, () => odd),
    'odd names': files(60, (i) => `${odd}${i}`),
    'names of nothing but what is escaped': files(40, (i) => `/${'<&>'.repeat(300)}${i}`),
    'names of nothing but backticks': files(40, (i) => `/${'`'.repeat(900)}${i}`),
    'names of quotes and control characters': files(40, (i) => `/${'"\u0001'.repeat(400)}${i}`),
    'very long names': files(3, (i) => `/${'long/'.repeat(810)}${i}`),
    'very many files': files(3000, (i) => `/pg/base/${i}`),
  };
}

describe('what is left out', () => {
  it('is counted, and the worst file is named first', async () => {
    const message = hostile()['very many files'] as Message;
    const [alert] = JSON.parse((await sent('alertmanager', message)).posts[0]?.body ?? '') as [
      { annotations: { description: string } },
    ];
    const lines = alert.annotations.description.split('\n').filter((line) => line.startsWith('- '));
    assert.match(lines[0] ?? '', /^- \/pg\/base\/0: bytes 8192–12287/);
    const named = lines.length - 1;
    assert.equal(lines.at(-1), `- ${3000 - named} more damaged files, not named here`);
    assert.ok(named >= 10);
  });
});
