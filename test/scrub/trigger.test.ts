import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseCron } from '../../src/config/cron.ts';
import type { Schedule } from '../../src/model/schedule.ts';
import type { ScrubStart } from '../../src/model/scrub.ts';
import type { State } from '../../src/model/state.ts';
import { createScrubTrigger, type ScrubConfig } from '../../src/scrub/trigger.ts';
import { at, placeOf, scrubbed, scrubRunOf, stateOf, topology } from '../export/built-state.ts';
import { createFakeClock, settle } from '../fakes/fake-clock.ts';
import { createHostTree } from '../fakes/host-tree.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';

const requested = scrubRunOf({ id: 'asked', status: 'requested', startedAt: null, endedAt: null });
const stateWith = (more: Parameters<typeof scrubbed>[0]): State => stateOf([], scrubbed(more));

function rig(_: TestContext, options: { config?: Partial<ScrubConfig>; load?: string } = {}) {
  const clock = createFakeClock(at);
  const host = createHostTree(`@ /proc\nloadavg := ${options.load ?? '0.10 0.20 0.30 1/200 4711'}\\n\n`);
  const calls: string[] = [];
  const answer = Promise.withResolvers<ScrubStart>();
  let turns = 0;
  const told: string[] = [];
  const trigger = createScrubTrigger({
    control: {
      whyNotWritable: async () => undefined,
      start(bus) {
        calls.push(`start ${bus}`);
        return answer.promise;
      },
      async setErrorScrub(bus, on) {
        calls.push(`error scrub ${bus} ${on}`);
        return undefined;
      },
      async canSearch(_bus, region) {
        calls.push(`can search ${region}`);
        return true;
      },
    },
    procfs: host.procfs,
    clock,
    processors: 2,
    config: () => ({
      schedule: parseCron('0 1 * * 0', 'UTC') as Schedule,
      buses: {},
      jitterMs: 0,
      maxLoad: 1,
      errorScrub: null,
      ...options.config,
    }),
    onTurn: () => turns++,
    onErrorScrub: (bus, on) => told.push(`${bus} ${on}`),
    log: createRecordingLog(),
  });
  return { trigger, clock, host, calls, answer, told, turns: () => turns };
}

test('what is requested is asked of the kernel once, however many passes see it, and its outcome comes once', async (t) => {
  const { trigger, calls, answer, turns } = rig(t);
  const state = stateWith({ runs: [requested] });
  trigger.start(state);
  trigger.start(state);
  await settle();
  trigger.start(state);
  assert.deepEqual(calls, ['can search region0', 'start ndbus0']);
  assert.deepEqual(trigger.outcomes(), []);
  answer.resolve({ kind: 'failed', reason: 'no' });
  await settle();
  assert.equal(turns(), 1);
  assert.deepEqual(trigger.outcomes(), [{ run: 'asked', at, start: { kind: 'failed', reason: 'no' }, searchable: [] }]);
  assert.deepEqual(trigger.outcomes(), []);
});

test('nothing is asked of a bus that is gone, nor for a run that is under way or over', async (t) => {
  const { trigger, calls } = rig(t);
  trigger.start(stateWith({ runs: [requested], present: false }));
  trigger.start(stateWith({ runs: [scrubRunOf({ status: 'running', endedAt: null })] }));
  trigger.start(stateWith({}));
  await settle();
  assert.deepEqual(calls, []);
});

test('the places of a region that firmware can search are those that the scrub can prove something of', async (t) => {
  const { trigger, answer } = rig(t);
  const places = [placeOf(), placeOf({ uid: 'other', ndRegion: 'region7' })];
  trigger.start({ ...stateWith({ runs: [requested] }), topology: { ...topology, places } });
  answer.resolve({ kind: 'busy', before: null });
  await settle();
  assert.deepEqual(trigger.outcomes()[0]?.searchable, [placeOf().uid]);
});

const due = { scheduledUpTo: at - 30 * 86_400_000 };

test('a scheduled start waits for the load to be read, and goes ahead below the limit', async (t) => {
  const { trigger, turns } = rig(t, { load: '9.00 2.00 0.00 1/200 4711' });
  assert.deepEqual(trigger.due(stateWith(due), at), []);
  await settle();
  assert.equal(turns(), 1, 'the loop is woken when the load is known');
  // five minutes: 2.00 on two processors is just the limit
  assert.deepEqual(
    trigger.due(stateWith(due), at).map(({ bus, asker }) => [bus, asker.author]),
    [['ndbus0', 'schedule']],
  );
});

test('above the limit nothing is started by schedule; once the load has passed it is', async (t) => {
  const { trigger, clock, host } = rig(t, { load: '0.00 2.10 0.00 1/200 4711' });
  trigger.due(stateWith(due), at);
  await settle();
  assert.deepEqual(trigger.due(stateWith(due), at), []);
  host.procfs.put('loadavg', '0.00 1.90 0.00 1/200 4711\n');
  assert.deepEqual(trigger.due(stateWith(due), at), [], 'it was read just now');
  await clock.advance(31_000);
  trigger.due(stateWith(due), at);
  await settle();
  assert.equal(trigger.due(stateWith(due), at).length, 1);
});

test('a load that cannot be read, or a limit of 0, holds nothing back', async (t) => {
  const { trigger } = rig(t, { load: 'nonsense' });
  trigger.due(stateWith(due), at);
  await settle();
  assert.equal(trigger.due(stateWith(due), at).length, 1);
  const unlimited = rig(t, { config: { maxLoad: 0 } });
  assert.equal(unlimited.trigger.due(stateWith(due), at).length, 1);
});

test('hw_error_scrub is left alone unless the configuration says otherwise, then set once and told', async (t) => {
  const [bus] = topology.buses;
  assert.ok(bus !== undefined);
  const host = (hwErrorScrub?: boolean) => ({
    ...topology,
    buses: [{ ...bus, ...(hwErrorScrub !== undefined && { hwErrorScrub }) }],
  });
  const kept = rig(t);
  kept.trigger.hold(host(false));
  assert.deepEqual(kept.calls, []);
  const on = rig(t, { config: { errorScrub: true } });
  on.trigger.hold(host(undefined));
  on.trigger.hold(host(true));
  assert.deepEqual(on.calls, []);
  on.trigger.hold(host(false));
  on.trigger.hold(host(false));
  await settle();
  assert.deepEqual(on.calls, ['error scrub ndbus0 true']);
  assert.deepEqual(on.told, ['ndbus0 true']);
});
