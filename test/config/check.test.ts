import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { checkValue, withDefaults } from '../../src/config/check.ts';
import { configSchema } from '../../src/config/keys.ts';

/** Files that are almost right: every key may hold anything that YAML can. */
const anything = fc.oneof(
  fc.constantFrom('60s', '0s', '1d', 'once', 'full', 'off', '/a', 'a', 'webhook', 'http://x', 'critical', 'read'),
  fc.integer({ min: -5, max: 2000 }),
  fc.double(),
  fc.boolean(),
  fc.string(),
  fc.constantFrom([], ['/a'], ['critical'], {}, { a: 'b' }),
);
const files = fc.record(
  Object.fromEntries(
    Object.entries(configSchema.properties).map(([key, schema]) => {
      const inner = 'properties' in schema ? Object.keys(schema.properties as object) : [];
      const section = fc.record(Object.fromEntries(inner.map((name) => [name, anything])), { requiredKeys: [] });
      return [key, inner.length > 0 ? section : anything];
    }),
  ),
  { requiredKeys: [] },
);

test('a file is right here exactly when it is right for TypeBox', () => {
  fc.assert(
    fc.property(files, (file) => {
      const right = checkValue(configSchema, file).length === 0;
      // defaults are filled in first: TypeBox has no notion of a key that may be left out because it has one
      assert.equal(right, Value.Check(configSchema, withDefaults(configSchema, file)));
    }),
    { numRuns: 2000 },
  );
});
