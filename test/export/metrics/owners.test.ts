import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  damagedState,
  fileOwner,
  incidentOf,
  ownerOf,
  placeState,
  rangeOf,
  stateOf,
  viewOf,
} from '../built-state.ts';
import { seriesOf } from './series.ts';

const place = 'device="pmem0",uid="a1b2c3d4e5f6"';
function damaged(...ranges: ReturnType<typeof rangeOf>[]) {
  return stateOf([placeState(ranges)]);
}

test('bad bytes are split by the kind of their owner, files explicitly at 0 when none is hit', async () => {
  const state = damaged(rangeOf(4096, 8, [ownerOf('free', 0, 4), ownerOf('metadata', 4, 4)]));
  assert.deepEqual(await seriesOf(viewOf(state), 'pmem_bad_owner_bytes'), [
    `pmem_bad_owner_bytes{${place},owner_kind="file"} 0`,
    `pmem_bad_owner_bytes{${place},owner_kind="free"} 2048`,
    `pmem_bad_owner_bytes{${place},owner_kind="metadata"} 2048`,
  ]);
});

test('while the owner of a range is not known, nothing says that no file is hit', async () => {
  assert.deepEqual(await seriesOf(viewOf(damaged(rangeOf(4096, 8))), 'pmem_bad_owner_bytes'), [
    `pmem_bad_owner_bytes{${place},owner_kind="pending"} 4096`,
  ]);
});

test('sectors shared by two files count once as file bytes, and both files are damaged', async () => {
  const state = damaged(rangeOf(4096, 8, [fileOwner(0, 8, '131', '/pg/a'), fileOwner(0, 8, '132', '/pg/b')]));
  assert.deepEqual(await seriesOf(viewOf(state), 'pmem_bad_owner_bytes'), [
    `pmem_bad_owner_bytes{${place},owner_kind="file"} 4096`,
  ]);
  assert.deepEqual(await seriesOf(viewOf(state), 'pmem_damaged_files'), [
    `pmem_damaged_files{${place},mountpoint="/pg"} 2`,
  ]);
});

test('a file counts once per mount point, however many ranges and names it has', async () => {
  const state = damaged(
    rangeOf(4096, 8, [fileOwner(0, 8, '131', '/pg/a', { paths: ['/pg/a', '/pg/hard-link'] })]),
    rangeOf(5000, 8, [fileOwner(904, 8, '131', '/pg/a')]),
    rangeOf(6000, 8, [fileOwner(1904, 8, '131', '/data/a', { mountpoint: '/data' })]),
  );
  assert.deepEqual(await seriesOf(viewOf(state), 'pmem_damaged_files'), [
    `pmem_damaged_files{${place},mountpoint="/pg"} 1`,
    `pmem_damaged_files{${place},mountpoint="/data"} 1`,
  ]);
});

test('file names are not in metrics unless asked for', async () => {
  const view = viewOf(damagedState());
  assert.deepEqual(await seriesOf(view, 'pmem_damaged_file_bytes'), []);
  assert.deepEqual(await seriesOf(view, 'pmem_damaged_files_omitted'), []);
});

test('with full paths the worst files of a place are shown, and how many were left out', async () => {
  const state = damaged(
    rangeOf(4096, 8, [fileOwner(0, 8, '1', '/pg/small "quoted"\nname')]),
    rangeOf(5000, 16, [fileOwner(904, 16, '2', '/pg/large')]),
    rangeOf(6000, 1, [fileOwner(1904, 1, '3', '/pg/tiny')]),
  );
  const view = viewOf(state, { paths: 'full', damagedFiles: 2 });
  assert.deepEqual(await seriesOf(view, 'pmem_damaged_file_bytes'), [
    `pmem_damaged_file_bytes{${place},mountpoint="/pg",path="/pg/large"} 8192`,
    `pmem_damaged_file_bytes{${place},mountpoint="/pg",path="/pg/small \\"quoted\\"\\nname"} 4096`,
  ]);
  assert.deepEqual(await seriesOf(view, 'pmem_damaged_files_omitted'), [`pmem_damaged_files_omitted{${place}} 1`]);
});

test('hashed paths tell files apart and do not name them', async () => {
  const state = damaged(
    rangeOf(4096, 8, [fileOwner(0, 8, '1', '/pg/a')]),
    rangeOf(5000, 8, [fileOwner(904, 8, '2', '/pg/b')]),
  );
  const lines = await seriesOf(viewOf(state, { paths: 'hash' }), 'pmem_damaged_file_bytes');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, /path="[0-9a-f]{16}"} 4096$/);
  assert.equal(new Set(lines).size, 2);
});

test('open incidents are counted by condition, severity and whether someone has them', async () => {
  const acknowledgement = { author: 'a', reason: 'r', at, expiresAt: at + 1000 };
  const incidents = [
    incidentOf([]),
    incidentOf([], { id: '2', acknowledgement }),
    incidentOf([], { id: '3', acknowledgement: { ...acknowledgement, expiresAt: at - 1 } }),
    incidentOf([], { id: '4', condition: 'badblocks_unreadable', severity: 'warning' }),
    incidentOf([], { id: '5', status: 'resolved' }),
  ];
  const state = stateOf([placeState()], { incidents: new Map(incidents.map((i) => [i.id, i])) });
  assert.deepEqual(await seriesOf(viewOf(state), 'pmem_incidents'), [
    'pmem_incidents{condition="media_error",severity="critical",state="open"} 2',
    'pmem_incidents{condition="media_error",severity="critical",state="acknowledged"} 1',
    'pmem_incidents{condition="media_error",severity="warning",state="open"} 0',
    'pmem_incidents{condition="media_error",severity="warning",state="acknowledged"} 0',
    'pmem_incidents{condition="badblocks_unreadable",severity="warning",state="open"} 1',
  ]);
});

test('before the first inventory nothing says that there is no incident', async () => {
  assert.deepEqual(await seriesOf(viewOf(stateOf([], { inventoried: false })), 'pmem_incidents'), []);
});
