import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { noHistory } from '../../../src/model/dimm-state.ts';
import type { HealthFields, HealthReading } from '../../../src/model/health.ts';
import { adviseReplacement, defaultAdvicePolicy } from '../../../src/model/replacement-advice.ts';
import type { State } from '../../../src/model/state.ts';
import { dimmKey, goodFields, healthOf, unreadableHealth } from '../built-health.ts';
import { at, stateOf, topology, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

async function ask(url: string, health: readonly HealthReading[], more: Partial<State> = {}) {
  const { app } = await createHttpApp(httpDeps({ view: () => viewOf(stateOf([], { topology, health, ...more })) }));
  const answer = await app.inject({ url, headers: { host: 'localhost' } });
  await app.close();
  return { status: answer.statusCode, body: answer.json() };
}

test('one module is asked for by its label or its kernel name, and answers every field with unit, source and age', async () => {
  for (const name of [dimmKey, 'nmem0']) {
    const { status, body } = await ask(`/api/v1/dimms/${name}`, [healthOf(goodFields)]);
    assert.equal(status, 200);
    assert.equal(body.locator, 'C1-D2');
    assert.equal(body.health.state, 'ok');
    assert.deepEqual(body.health.doubtedAlarms, ['media_temperature'], 'shown, not believed alone');
    const fields = new Map<
      string,
      { value: unknown; unit: string; source: string; readAt: string; ageSeconds: number }
    >(body.health.fields.map((field: { name: string }) => [field.name, field]));
    assert.equal(fields.size, Object.keys(goodFields).length + 2);
    const temperature = fields.get('mediaTemperatureCelsius');
    assert.ok(temperature);
    const { ageSeconds, ...rest } = temperature;
    assert.deepEqual(rest, {
      name: 'mediaTemperatureCelsius',
      value: 23,
      unit: 'celsius',
      source: 'intel 1 SMART',
      readAt: '2024-05-06T14:02:06.000Z',
    });
    assert.ok(ageSeconds > 3600, 'the reading is of 2024');
    assert.equal(fields.get('flags')?.source, 'sysfs nfit/flags');
    assert.deepEqual(fields.get('alarms')?.value, { spare: false, media_temperature: true });
  }
});

test('what is put together of several replies names them all, and is as old as the oldest', async () => {
  const replies = [
    { source: 'msft 11 module health', at: at - 1_000, fields: { problems: ['firmware_error'], lifeUsedPercent: 3 } },
    {
      source: 'msft 10 critical health',
      at: at - 3_000,
      fields: { problems: ['persistency_lost'], lifeUsedPercent: 4 },
    },
  ] as const;
  const merged = { problems: ['firmware_error', 'persistency_lost'], lifeUsedPercent: 3 } as const;
  const reading = healthOf(merged, { sources: replies });
  const { body } = await ask(`/api/v1/dimms/${dimmKey}`, [reading]);
  const [problems] = body.health.fields.filter(({ name }: { name: string }) => name === 'problems');
  assert.equal(problems.source, 'msft 11 module health, msft 10 critical health');
  assert.equal(problems.readAt, new Date(at - 3_000).toISOString());
  const [life] = body.health.fields.filter(({ name }: { name: string }) => name === 'lifeUsedPercent');
  assert.equal(life.source, 'msft 11 module health', 'a value has the one source that it was taken from');
});

test('an alarm of the energy source is doubted where its own limit says otherwise, and only there', async () => {
  const alarmed = { ...goodFields, energySourceLifeUsedPercent: 26, alarms: { energy_source_life_warning: true } };
  const doubted = async (fields: HealthFields) =>
    (await ask(`/api/v1/dimms/${dimmKey}`, [healthOf(fields)])).body.health.doubtedAlarms;
  assert.deepEqual(await doubted(alarmed), []);
  assert.deepEqual(await doubted({ ...alarmed, energySourceLifeUsedThresholdPercent: 40 }), [
    'energy_source_life_warning',
  ]);
  assert.deepEqual(await doubted({ ...alarmed, energySourceLifeUsedThresholdPercent: 20 }), []);
});

test('a module that cannot be read says why, and shows what the kernel knows', async () => {
  const { body } = await ask(`/api/v1/dimms/${dimmKey}`, [unreadableHealth()]);
  assert.equal(body.health.readable, 'no');
  assert.equal(body.health.state, 'unknown');
  assert.equal(body.health.reason, 'permission denied');
  assert.deepEqual(
    body.health.fields.map(({ name }: { name: string }) => name),
    ['armed', 'flags'],
  );
});

test('before the first reading health is null, and an unknown module is not found', async () => {
  assert.equal((await ask('/api/v1/dimms', [])).body.items[0].health, null);
  assert.equal((await ask('/api/v1/dimms/nmem9', [])).status, 404);
});

test('replacement advice carries its inputs, with values and limits', async () => {
  const nothing = { unknown: 'one reading has no history' };
  const watched = { rangesWatched: nothing, shutdownsWatched: nothing };
  const seen = { health: { ...goodFields, sparePercent: 4 }, history: noHistory, ...watched, now: 0 };
  const advice = new Map([[dimmKey, adviseReplacement(seen, defaultAdvicePolicy)]]);
  const { body } = await ask(`/api/v1/dimms/${dimmKey}`, [healthOf(goodFields)], { advice });
  assert.equal(body.advice.advice, 'now');
  assert.equal(body.advice.summary, 'now: spare 4 %, limit 10 %');
  assert.deepEqual(body.advice.inputs[1], { input: 'spare', advice: 'now', text: 'spare 4 %, limit 10 %' });
  assert.deepEqual(body.advice.inputs[3], {
    input: 'energy_source',
    advice: null,
    text: 'energy source life not known',
  });
});

test('the list of modules is complete only when each that has health data was read', async () => {
  const complete = async (health: readonly HealthReading[]): Promise<unknown> =>
    (await ask('/api/v1/dimms', health)).body.complete;
  assert.equal(await complete([healthOf(goodFields)]), true);
  assert.equal(await complete([]), false, 'before the first reading');
  assert.equal(await complete([unreadableHealth()]), false);
});
