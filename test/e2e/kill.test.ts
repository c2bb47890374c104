import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, runPortions } from './kill.ts';

/** `KILLS` and `KILL_SEED` of the environment: CI kills more often, and a seed that failed is tried again with it. */
const kills = Number(process.env['KILLS'] ?? '20');
const seed = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 1_000_000));

test(`an agent killed ${kills} times loses nothing, repeats under the same id, and tells no wrong end`, async (t) => {
  const runs = await runPortions(seed, kills, 2, (line) => t.diagnostic(line));
  for (const run of runs) {
    const again = `KILL_SEED=${run.seed} KILLS=${run.kills} node --test test/e2e/kill.test.ts`;
    assert.deepEqual(judge(run), [], `to try it again: ${again}`);
  }
  assert.equal(
    runs.reduce((sum, run) => sum + run.kills, 0),
    kills,
  );
  // a list that is filled again before anybody looked has not ended, so a few kills prove nothing here
  const ends = runs.flatMap(({ got }) => got).filter(({ message }) => message.status === 'resolved');
  assert.ok(kills < 100 || ends.length > 0, 'no end was ever told');
});
