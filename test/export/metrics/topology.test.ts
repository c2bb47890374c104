import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeState, stateOf, topology, viewOf } from '../built-state.ts';
import { seriesOf } from './series.ts';

const view = viewOf(stateOf([placeState()]));

test('a module keeps its series key when the kernel renumbers it; the current name is a label of its info', async () => {
  const [line = ''] = await seriesOf(view, 'nvdimm_info');
  assert.match(line, /dimm="8089-a2-1837-00000bb8",name="nmem0",bus="ndbus0",handle="0x1",physical_id="0x1c"/);
  const [mapping = ''] = await seriesOf(view, 'pmem_region_mapping_info');
  assert.equal(mapping, 'pmem_region_mapping_info{nd_region="region0",dimm="8089-a2-1837-00000bb8",position="0"} 1');
});

test('flags of a module whose flags were read are shown set and not set', async () => {
  const lines = await seriesOf(view, 'nvdimm_flag');
  assert.equal(lines.length, 7);
  assert.ok(lines.includes('nvdimm_flag{dimm="8089-a2-1837-00000bb8",flag="smart_notify"} 1'));
  assert.ok(lines.includes('nvdimm_flag{dimm="8089-a2-1837-00000bb8",flag="not_armed"} 0'));
});

test('flags that could not be read are not shown as not set', async () => {
  const problems = [{ subject: 'bus/nd/devices/nmem0/nfit/flags', reason: 'EIO' }];
  const unread = topology.dimms.map((d) => ({ ...d, flags: [] }));
  const state = stateOf([], { topology: { ...topology, dimms: unread, problems } });
  assert.deepEqual(await seriesOf(viewOf(state), 'nvdimm_flag'), []);
});

test('each bus says what feeds its lists and whether it can be scrubbed', async () => {
  assert.deepEqual(await seriesOf(view, 'pmem_error_detection'), ['pmem_error_detection{bus="ndbus0",source="ars"} 1']);
  assert.deepEqual(await seriesOf(view, 'pmem_scrub_supported'), ['pmem_scrub_supported{bus="ndbus0"} 1']);
});

test('a namespace is joined to its physical identity', async () => {
  assert.deepEqual(await seriesOf(view, 'pmem_namespace_info'), [
    'pmem_namespace_info{nd_namespace="namespace0.0",nd_region="region0",bus="ndbus0",device="pmem0",mode="fsdax",uuid="00000000-0000-0000-0000-00000000000a",uid="a1b2c3d4e5f6"} 1',
  ]);
  assert.deepEqual(await seriesOf(view, 'pmem_namespace_size_bytes'), [
    'pmem_namespace_size_bytes{nd_namespace="namespace0.0"} 536870912',
  ]);
});
