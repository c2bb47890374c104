import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover } from '../../src/discover/discover.ts';
import { blockDeviceJson, dimmJson, mappingJson, namespaceJson } from '../../src/model/inventory-json.ts';
import { loadHost } from '../fakes/host-tree.ts';

test('what is a size or a place carries its unit in its name, and none goes without', async () => {
  const { sysfs, procfs } = loadHost('qemu-mce');
  const { namespaces, blockDevices, regions, dimms } = await discover({ sysfs, procfs });
  const shown = [
    ...namespaces.map(namespaceJson),
    ...blockDevices.map(blockDeviceJson),
    ...regions.flatMap(({ mappings }) => mappings.map((mapping) => mappingJson(mapping, dimms))),
  ];
  const keys = new Set(shown.flatMap((each) => Object.keys(each)));
  for (const key of ['sizeBytes', 'dataStartSectors', 'dataSizeSectors', 'sizeSectors', 'dpaStartBytes', 'lengthBytes'])
    assert.ok(keys.has(key), `${key} is not there`);
  for (const key of ['size', 'length', 'dataStart', 'dataSize', 'regionOffset', 'dpaStart'])
    assert.ok(!keys.has(key), `${key} has no unit`);
});

test('a mapping names its module as the kernel does, and as the modules themselves are told', async () => {
  const { sysfs, procfs } = loadHost('interleaved');
  const { regions, dimms } = await discover({ sysfs, procfs });
  const joined = regions.flatMap(({ mappings }) =>
    mappings.map((mapping) => {
      const { dimm, dimmId } = mappingJson(mapping, dimms);
      return [dimm, dimms.map(dimmJson).find((each) => each.dimm === dimmId)?.name];
    }),
  );
  assert.ok(joined.length >= 4);
  for (const [name, found] of joined) assert.equal(found, name);
  const [mapping] = regions[0]?.mappings ?? [];
  assert.ok(mapping);
  assert.ok(!('dimmId' in mappingJson(mapping, [])), 'a module that is not known has no id');
});
