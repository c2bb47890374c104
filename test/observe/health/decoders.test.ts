/** Every fixture of test/fixtures/dsm: the bytes of a reply beside what they say. `synthetic-*` are constructed, others recorded. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AgentError } from '../../../src/model/errors.ts';
import { type HealthFields, type HealthSource, healthFieldNames, healthUnits } from '../../../src/model/health.ts';
import { dsmFamilies } from '../../../src/observe/health/families.ts';
import type { HealthCommand } from '../../../src/observe/health/family.ts';
import { mergeFields } from '../../../src/observe/health/merge.ts';

const folder = join(import.meta.dirname, '../../fixtures/dsm');
/** Random replies per family; the whole number of the project is 100,000 (PMEMWATCH_DECODER_CASES). */
const cases = Number(process.env['PMEMWATCH_DECODER_CASES'] ?? 2_000);

interface Expected {
  readonly command: number;
  readonly origin: string;
  readonly fields?: HealthFields;
  readonly error?: string;
}
const fixtures = globSync('*/*.hex', { cwd: folder })
  .sort()
  .map((path) => {
    const bytes = Buffer.from(readFileSync(join(folder, path), 'utf8').replaceAll(/\s/g, ''), 'hex');
    const expected = JSON.parse(readFileSync(join(folder, path.replace(/hex$/, 'json')), 'utf8')) as Expected;
    return { family: dirname(path), name: basename(path, '.hex'), bytes, expected };
  });

function commandOf(family: string, number: number): HealthCommand {
  const found = dsmFamilies.find(({ name }) => name === family)?.commands.find(({ command }) => command === number);
  assert.ok(found, `no command ${number} of ${family}`);
  return found;
}

for (const { family, name, bytes, expected } of fixtures) {
  test(`${family} ${name}: ${expected.origin}`, () => {
    const { decode } = commandOf(family, expected.command);
    if (expected.error === undefined) assert.deepEqual(decode(bytes), expected.fields);
    else {
      const { error: message } = expected;
      assert.throws(() => decode(bytes), { name: 'AgentError', code: 'CODEC_REPLY', message });
    }
  });
}

test('every command of every family has a fixture', () => {
  for (const { name, commands } of dsmFamilies) {
    for (const { command } of commands) {
      assert.ok(
        fixtures.some((f) => f.family === name && f.expected.command === command && f.expected.fields !== undefined),
        `${name} ${command}`,
      );
    }
  }
});

test('a recorded fixture is not called synthetic, and the other way round', () => {
  for (const { name, expected } of fixtures) {
    assert.match(expected.origin, name.startsWith('synthetic-') ? /^synthetic: / : /^recorded: /, name);
  }
});

/** Nothing that leaves a decoder may be outside what the model promises. */
function assertPlausible(fields: HealthFields): void {
  for (const [name, value] of Object.entries(fields)) {
    assert.ok((healthFieldNames as readonly string[]).includes(name), name);
    assert.notEqual(value, undefined, name);
    if (typeof value !== 'number') continue;
    assert.ok(Number.isFinite(value) && !Object.is(value, -0), `${name}: ${value}`);
    const unit = healthUnits[name as keyof HealthFields];
    if (unit === 'percent') assert.ok(value >= 0 && value <= 100, `${name}: ${value}`);
    else if (unit === 'celsius') assert.ok(value > -100 && value <= 200, `${name}: ${value}`);
    else assert.ok(value >= 0, `${name}: ${value}`);
  }
}

for (const { name, commands } of dsmFamilies) {
  test(`${cases} random replies of ${name} are decoded within bounds or refused by name, and never crash`, () => {
    const reply = fc.record({
      index: fc.nat({ max: commands.length - 1 }),
      // fast-check alone would hardly make one that is longer than 10 bytes
      bytes: fc.uint8Array({ maxLength: 300, size: 'max' }),
      whole: fc.boolean(),
      // most random status words are refusals: let the rest of the reply be reached
      status: fc.constantFrom(0, 0, 0, undefined),
      version: fc.constantFrom(true, false),
    });
    const decoded = new Map<number, number>();
    fc.assert(
      fc.property(reply, ({ index, bytes: random, whole, status, version }) => {
        const command = commands[index] as HealthCommand;
        const bytes = whole ? Uint8Array.from({ length: command.replyBytes }, (_, i) => random[i] ?? i) : random;
        if (status !== undefined) bytes.fill(0, 0, Math.min(4, bytes.length));
        if (version && name === 'hpe2' && bytes.length > 7) bytes[7] = 1;
        try {
          assertPlausible(command.decode(bytes));
          decoded.set(command.command, (decoded.get(command.command) ?? 0) + 1);
        } catch (error) {
          assert.ok(error instanceof AgentError && error.code === 'CODEC_REPLY', String(error));
          assert.ok(typeof error.context['field'] === 'string' && error.context['field'] !== '', error.message);
        }
      }),
      { numRuns: cases },
    );
    for (const { command } of commands) {
      const share = (decoded.get(command) ?? 0) / (cases / commands.length);
      assert.ok(
        share > 0.1,
        `only ${Math.round(share * 100)} % of the replies to command ${command} got beyond an error`,
      );
    }
  });
  test(`every fixture of ${name} cut at any byte is decoded to less or refused by name`, () => {
    for (const { family, bytes, expected } of fixtures) {
      if (family !== name) continue;
      const { decode } = commandOf(family, expected.command);
      for (let length = 0; length < bytes.length; length++) {
        try {
          assertPlausible(decode(bytes.subarray(0, length)));
        } catch (error) {
          assert.ok(error instanceof AgentError && error.code === 'CODEC_REPLY', String(error));
        }
      }
    }
  });
}

test('of several sources the first that knows wins, of states the worst, and alarms and problems of all', () => {
  const from = (source: string, fields: HealthFields): HealthSource => ({ source, at: 0, fields });
  const merged = mergeFields([
    from('msft 11', {
      state: 'noncritical',
      problems: ['firmware_error'],
      alarms: { life_warning: true, life_error: false },
      lifeUsedPercent: 3,
    }),
    from('msft 10', { state: 'critical', problems: ['persistency_lost', 'firmware_error'] }),
    from('sysfs', { alarms: { life_error: true }, lifeUsedPercent: 99, flags: ['not_armed'] }),
  ]);
  assert.deepEqual(merged, {
    state: 'critical',
    problems: ['firmware_error', 'persistency_lost'],
    alarms: { life_warning: true, life_error: true },
    lifeUsedPercent: 3,
    flags: ['not_armed'],
  });
  assert.deepEqual(mergeFields([from('sysfs', { flags: [] })]), { flags: [] });
});
