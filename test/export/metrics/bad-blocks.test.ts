import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListReading } from '../../../src/model/badblocks.ts';
import { failed } from '../../../src/model/observation.ts';
import { sectorCount } from '../../../src/model/units.ts';
import { at, damagedState, ownerOf, placeOf, placeState, rangeOf, stateOf, viewOf } from '../built-state.ts';
import { seriesOf } from './series.ts';

const labels = 'device="pmem0",nd_namespace="namespace0.0",nd_region="region0",uid="a1b2c3d4e5f6"';

test('bad bytes are counted in bytes under the device, its namespace, its region and its physical identity', async () => {
  assert.deepEqual(await seriesOf(viewOf(damagedState()), 'pmem_bad_bytes'), [`pmem_bad_bytes{${labels}} 4096`]);
  assert.deepEqual(await seriesOf(viewOf(damagedState()), 'pmem_bad_ranges'), [`pmem_bad_ranges{${labels}} 1`]);
});

test('a clean list that was read shows 0, not nothing', async () => {
  assert.deepEqual(await seriesOf(viewOf(stateOf([placeState()])), 'pmem_bad_bytes'), [`pmem_bad_bytes{${labels}} 0`]);
});

test('before the first reading there is no number of bad bytes, no completeness and no time', async () => {
  const view = viewOf(stateOf([placeState([], { readAt: null, readable: false, complete: false })]));
  for (const name of ['pmem_bad_bytes', 'pmem_bad_ranges', 'pmem_badblocks_complete', 'pmem_damaged_files'])
    assert.deepEqual(await seriesOf(view, name), [], name);
  assert.deepEqual(await seriesOf(view, 'pmem_badblocks_last_read_timestamp_seconds'), []);
  assert.deepEqual(await seriesOf(view, 'pmem_badblocks_readable'), [`pmem_badblocks_readable{${labels}} 0`]);
});

test('a list that has become unreadable keeps its last known value and says so', async () => {
  const ranges = [rangeOf(4096, 8, [ownerOf('free', 0, 8)])];
  const view = viewOf(stateOf([placeState(ranges, { readable: false, reasons: ['EIO'] })]));
  assert.deepEqual(await seriesOf(view, 'pmem_bad_bytes'), [`pmem_bad_bytes{${labels}} 4096`]);
  assert.deepEqual(await seriesOf(view, 'pmem_badblocks_readable'), [`pmem_badblocks_readable{${labels}} 0`]);
});

function failedReading(subject: string, lastOkAt?: number): ListReading {
  const list = failed('SYSFS_READ', 'EIO');
  return {
    subject,
    at,
    durationMs: 1,
    startTick: 0,
    trigger: 'poll',
    list,
    ...(lastOkAt === undefined ? {} : { lastOkAt }),
  };
}

test('an empty list that has become unreadable keeps its 0 and the time of the last good reading', async () => {
  const unreadable = placeState([], { readable: false, complete: false, reasons: ['EIO'] });
  const lists = [failedReading('pmem0', at - 5000), failedReading('region0', at - 9000), failedReading('pmem1')];
  const view = viewOf(stateOf([unreadable], { lists }));
  assert.deepEqual(await seriesOf(view, 'pmem_bad_bytes'), [`pmem_bad_bytes{${labels}} 0`]);
  assert.deepEqual(await seriesOf(view, 'pmem_badblocks_last_read_timestamp_seconds'), [
    `pmem_badblocks_last_read_timestamp_seconds{${labels}} ${(at - 9000) / 1000}`,
  ]);
});

test('a list that never could be read is not shown as clean', async () => {
  const unreadable = placeState([], { readable: false, complete: false, reasons: ['EIO'] });
  const lists = [failedReading('pmem0', at), failedReading('region0')];
  const view = viewOf(stateOf([unreadable], { lists }));
  for (const name of ['pmem_bad_bytes', 'pmem_bad_owner_bytes', 'pmem_badblocks_last_read_timestamp_seconds'])
    assert.deepEqual(await seriesOf(view, name), [], name);
});

test('an empty list that nothing feeds is not shown as clean', async () => {
  const place = placeOf({ errorSource: 'none' });
  assert.deepEqual(await seriesOf(viewOf(stateOf([placeState([], { place })])), 'pmem_bad_bytes'), []);
  const listed = viewOf(stateOf([placeState([rangeOf(4096, 1)], { place })]));
  assert.deepEqual(await seriesOf(listed, 'pmem_bad_bytes'), [`pmem_bad_bytes{${labels}} 512`]);
});

test('a place that is gone loses its series', async () => {
  const view = viewOf(stateOf([placeState([rangeOf(4096, 8)], { present: false, goneSince: at })]));
  for (const name of [
    'pmem_bad_bytes',
    'pmem_badblocks_readable',
    'pmem_bad_ranges_found_total',
    'pmem_bad_owner_bytes',
  ])
    assert.deepEqual(await seriesOf(view, name), [], name);
});

test('sectors before the data of the device are shown with an empty device, whole ranges cut at the border', async () => {
  const view = viewOf(stateOf([placeState([rangeOf(4092, 8, [ownerOf('free', 0, 4)])])]));
  assert.deepEqual(await seriesOf(view, 'pmem_bad_bytes'), [
    `pmem_bad_bytes{${labels}} 2048`,
    `pmem_bad_bytes{${labels.replace('pmem0', '')}} 2048`,
  ]);
});

test('the ranges of a BTT device, which is not one window of its namespace, are told under the device', async () => {
  const { dataStart, dataSize, ...rest } = placeOf({ device: 'pmem0s', mode: 'sector' });
  assert.ok(dataStart !== undefined && dataSize !== undefined);
  const view = viewOf(stateOf([placeState([rangeOf(3, 1, [ownerOf('hidden', 3, 1)])], { place: rest })]));
  assert.deepEqual(await seriesOf(view, 'pmem_bad_bytes'), [
    `pmem_bad_bytes{${labels.replace('pmem0', 'pmem0s')}} 512`,
  ]);
});

test('counters start at 0 and carry what the state carries', async () => {
  const view = viewOf(stateOf([placeState([], { foundTotal: 0, clearedTotal: 7 })]));
  assert.deepEqual(await seriesOf(view, 'pmem_bad_ranges_found_total'), [`pmem_bad_ranges_found_total{${labels}} 0`]);
  assert.deepEqual(await seriesOf(view, 'pmem_bad_ranges_cleared_total'), [
    `pmem_bad_ranges_cleared_total{${labels}} 7`,
  ]);
});

test('a truncated list is incomplete, and the time of the reading is in seconds', async () => {
  const view = viewOf(stateOf([placeState([rangeOf(4096, 8)], { complete: false })]));
  assert.deepEqual(await seriesOf(view, 'pmem_badblocks_complete'), [`pmem_badblocks_complete{${labels}} 0`]);
  assert.deepEqual(await seriesOf(view, 'pmem_badblocks_last_read_timestamp_seconds'), [
    `pmem_badblocks_last_read_timestamp_seconds{${labels}} ${at / 1000}`,
  ]);
});

test('a region place without a device has an empty device label once', async () => {
  const place = placeOf({ kind: 'region', device: '', ndNamespace: '', size: sectorCount(100) });
  const view = viewOf(stateOf([placeState([rangeOf(1, 2)], { place })]));
  assert.deepEqual(await seriesOf(view, 'pmem_bad_bytes'), [
    'pmem_bad_bytes{device="",nd_namespace="",nd_region="region0",uid="a1b2c3d4e5f6"} 1024',
  ]);
});
