import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover } from '../../src/discover/discover.ts';
import type { BadBlockList, ListReading, PlaceReading } from '../../src/model/badblocks.ts';
import { type Run, run } from '../../src/model/extent.ts';
import { failed, type Observation, ok } from '../../src/model/observation.ts';
import type { Place, Topology } from '../../src/model/topology.ts';
import { parseBadBlocks } from '../../src/observe/badblocks.ts';
import { readPlaces } from '../../src/observe/places.ts';
import { loadHost } from '../fakes/host-tree.ts';

function reading(subject: string, list: Observation<BadBlockList>, extra: Partial<ListReading> = {}): ListReading {
  return { subject, at: 1000, durationMs: 1, startTick: 0, trigger: 'poll', list, ...extra };
}
function listed(...runs: Run[]): Observation<BadBlockList> {
  return ok({ runs, complete: true, entries: runs.length });
}
function cut(...runs: Run[]): Observation<BadBlockList> {
  return ok({ runs, complete: false, entries: runs.length, reason: 'the list is cut' });
}
function read(topology: Topology, ...lists: ListReading[]): (ndNamespace: string) => PlaceReading {
  const readings = readPlaces(topology, new Map(lists.map((list) => [list.subject, list])));
  return (ndNamespace) => {
    const place = topology.places.find((p) => p.ndNamespace === ndNamespace) as Place;
    return readings.get(place.uid) as PlaceReading;
  };
}
async function readAll(scenario: string): Promise<{ topology: Topology; of: (ndNamespace: string) => PlaceReading }> {
  const host = loadHost(scenario);
  const topology = await discover(host);
  const lists: ListReading[] = [];
  for (const [subject, path] of [
    ...topology.blockDevices.filter((d) => d.hasBadblocks).map((d) => [d.name, `block/${d.name}`] as const),
    ...topology.regions.map((r) => [r.name, `bus/nd/devices/${r.name}`] as const),
  ]) {
    const file = await host.sysfs.read(`${path}/badblocks`);
    assert.equal(file.kind, 'ok');
    if (file.kind === 'ok') lists.push(reading(subject, parseBadBlocks(file.data, 4096)));
  }
  return { topology, of: read(topology, ...lists) };
}

test('the same sector in the list of the disk and of the region counts once', async () => {
  for (const [scenario, ndNamespace, runs] of [
    ['qemu-mce', 'namespace0.0', [run(6352, 8)]],
    ['qemu-mce', 'namespace1.0', [run(303248, 8)]],
    ['nfit-test', 'namespace1.0', [run(4696, 3), run(4720, 1), run(4736, 1)]],
    ['interleaved', 'namespace0.0', [run(4198400, 520)]],
  ] as const) {
    const { of } = await readAll(scenario);
    assert.deepEqual(of(ndNamespace).runs, runs, `${scenario} ${ndNamespace}`);
    assert.deepEqual([of(ndNamespace).readable, of(ndNamespace).complete], [true, true]);
  }
});

test('BTT and devdax are read from the list of the region, each with its own part', async () => {
  const { of } = await readAll('btt-and-devdax');
  assert.deepEqual(of('namespace0.1').runs, [run(1050624 - 1048576, 8)]);
  assert.deepEqual(of('namespace0.2').runs, [run(1318912 - 1310720, 8)]);
  assert.deepEqual(of('namespace0.0').runs, [run(7144, 1), run(275336, 1), run(530732, 1)]);
  assert.deepEqual(of('').runs, [], 'the free space has none of them');
});

test('a run across a border is split between the places on both sides', async () => {
  const topology = await discover(loadHost('btt-and-devdax'));
  const of = read(topology, reading('region0', listed(run(1835000, 16), run(1048570, 12))), reading('pmem0', listed()));
  assert.deepEqual(of('namespace0.0').runs, [run(1048570, 6)]);
  assert.deepEqual(of('namespace0.1').runs, [run(0, 6)]);
  assert.deepEqual(of('namespace0.2').runs, [run(1835000 - 1310720, 8)]);
  assert.deepEqual(of('').runs, [run(1835008, 8)], 'free space counts from the start of the region');
});

test('an error in the info block shows in the region alone, one fed into the disk alone there alone: both count', async () => {
  const topology = await discover(loadHost('one-bad-sector'));
  const of = read(topology, reading('region0', listed(run(8, 1))), reading('pmem0', listed(run(0, 1))));
  assert.deepEqual(of('namespace0.0').runs, [run(8, 1), run(4096, 1)]);
});

test('while one of its lists is unreadable a place is, but what the other shows is told', async () => {
  const topology = await discover(loadHost('one-bad-sector'));
  const broken = failed('SYSFS_READ', 'no luck', 'EIO');
  const disk = read(topology, reading('region0', listed(run(6352, 1))), reading('pmem0', broken))('namespace0.0');
  assert.deepEqual([disk.readable, disk.complete, disk.reasons], [false, false, ['pmem0: no luck']]);
  assert.deepEqual(disk.runs, [run(6352, 1)]);
  const region = read(topology, reading('region0', broken), reading('pmem0', listed(run(2256, 1))))('namespace0.0');
  assert.deepEqual([region.readable, region.complete, region.runs], [false, false, [run(6352, 1)]]);
});

test('while one of its lists is cut a place is readable and not complete, and says why', async () => {
  const topology = await discover(loadHost('one-bad-sector'));
  const place = read(topology, reading('region0', cut(run(6352, 1))), reading('pmem0', listed()))('namespace0.0');
  assert.deepEqual([place.readable, place.complete], [true, false]);
  assert.deepEqual(place.reasons, ['region0: the list is cut']);
  const { of } = await readAll('truncated-list');
  assert.equal(of('namespace0.0').complete, false);
  assert.ok(of('namespace0.0').runs.length >= 409);
});

test('a place of which nothing was read yet has no reading; while one list is outstanding it is pending', async () => {
  const topology = await discover(loadHost('one-bad-sector'));
  assert.equal(read(topology)('namespace0.0'), undefined);
  const place = read(topology, reading('pmem0', listed(run(2256, 1))))('namespace0.0');
  assert.deepEqual([place.pending, place.readable, place.complete], [true, false, false]);
  assert.deepEqual(place.runs, [run(6352, 1)]);
});

test('readAt is the end of the oldest reading, the trigger that of the newest', async () => {
  const topology = await discover(loadHost('one-bad-sector'));
  const place = read(
    topology,
    reading('region0', listed(), { at: 5000, trigger: 'hint' }),
    reading('pmem0', listed(), { at: 3000, trigger: 'poll' }),
  )('namespace0.0');
  assert.deepEqual([place.readAt, place.trigger], [3000, 'hint']);
});

async function unplaced(): Promise<Topology> {
  const host = loadHost('btt-and-devdax');
  for (const name of ['namespace0.0', 'namespace0.1', 'namespace0.2', 'region0']) {
    host.sysfs.put(`bus/nd/devices/${name}/resource`, { kind: 'error', errno: 'EACCES' });
  }
  return discover(host);
}

test('where the offset in the region is not known its list is not used: never a guess, never clean', async () => {
  const of = read(await unplaced(), reading('region0', listed(run(8, 1))), reading('pmem0', listed(run(0, 1))));
  const fsdax = of('namespace0.0');
  assert.deepEqual(fsdax.runs, [run(4096, 1)]);
  assert.deepEqual([fsdax.readable, fsdax.complete], [true, false]);
  assert.match(fsdax.reasons[0] ?? '', /root/);
  for (const name of ['namespace0.1', 'namespace0.2', '']) {
    const blind = of(name);
    assert.deepEqual([blind.runs, blind.readable, blind.complete], [[], false, false], name);
    assert.equal(blind.reasons.length, 1, name);
  }
});

test('a disk that could not be looked at leaves its place incomplete', async () => {
  const topology = await discover(loadHost('one-bad-sector'));
  const place = read({ ...topology, blockDevices: [] }, reading('region0', listed()))('namespace0.0');
  assert.deepEqual([place.complete, place.reasons], [false, ['pmem0 could not be looked at']]);
});

test('a place whose lists were not read anew has the same reading, and another one with a list or an inventory that is new', async () => {
  const host = loadHost('qemu-mce');
  const topology = await discover(host);
  const of = (lists: readonly ListReading[], seen = topology): PlaceReading | undefined =>
    readPlaces(seen, new Map(lists.map((list) => [list.subject, list]))).get(topology.places[0]?.uid ?? '');
  const { device, ndRegion } = topology.places[0] as Place;
  const lists = [reading(device, listed(run(8, 8))), reading(ndRegion, listed())];
  const before = of(lists);
  assert.ok(before !== undefined && before.runs.length === 1);
  assert.equal(of(lists), before);
  assert.deepEqual(of([reading(device, listed()), ...lists.slice(1)])?.runs, []);
  assert.deepEqual(of(lists), before);
  assert.equal(of([]), undefined);
  assert.equal(of(lists, { ...topology, blockDevices: [] })?.complete, false);
});

test('a disk without its list is not complete, whatever the list of the region says: nothing clears meanwhile', async () => {
  const { topology } = await readAll('one-bad-sector');
  const without: Topology = {
    ...topology,
    blockDevices: topology.blockDevices.map((device) => ({ ...device, hasBadblocks: false })),
  };
  const { complete, reasons } = read(without, reading('region0', listed()))('namespace0.0');
  assert.equal(complete, false);
  assert.deepEqual(reasons, ['pmem0 shows no bad-block list']);
});
