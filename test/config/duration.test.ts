import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/config/duration.ts';

test('durations read as Prometheus reads them', () => {
  const table: [text: string, ms: number | undefined, why: string][] = [
    ['90s', 90_000, 'one unit'],
    ['1h30m', 5_400_000, 'units from large to small'],
    ['1d', 86_400_000, 'a day has 24 hours'],
    ['1w', 604_800_000, 'a week has 7 days'],
    ['1y', 31_536_000_000, 'a year has 365 days'],
    ['250ms', 250, 'milliseconds are not minutes'],
    ['1m250ms', 60_250, 'minutes before milliseconds'],
    ['0s', 0, 'zero with a unit'],
    ['0', 0, 'zero needs none'],
    ['', undefined, 'nothing is not zero'],
    ['60', undefined, 'a number without unit is ambiguous'],
    ['30m1h', undefined, 'the wrong order is refused'],
    ['1.5h', undefined, 'fractions are not durations'],
    ['-1s', undefined, 'nor are negative ones'],
    ['1 h', undefined, 'no blanks'],
    ['1h ', undefined, 'none at the end'],
    ['99999999999999y', undefined, 'beyond exact numbers'],
  ];
  for (const [text, ms, why] of table) assert.equal(parseDuration(text), ms, `${JSON.stringify(text)}: ${why}`);
});
