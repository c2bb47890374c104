import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover } from '../../src/discover/discover.ts';
import { blockDeviceJson, mappingJson, namespaceJson } from '../../src/model/inventory-json.ts';
import { loadHost } from '../fakes/host-tree.ts';

test('what is a size or a place carries its unit in its name, and none goes without', async () => {
  const { sysfs, procfs } = loadHost('qemu-mce');
  const { namespaces, blockDevices, regions } = await discover({ sysfs, procfs });
  const shown = [
    ...namespaces.map(namespaceJson),
    ...blockDevices.map(blockDeviceJson),
    ...regions.flatMap((region) => region.mappings.map(mappingJson)),
  ];
  const keys = new Set(shown.flatMap((each) => Object.keys(each)));
  for (const key of ['sizeBytes', 'dataStartSectors', 'dataSizeSectors', 'sizeSectors', 'dpaStartBytes', 'lengthBytes'])
    assert.ok(keys.has(key), `${key} is not there`);
  for (const key of ['size', 'length', 'dataStart', 'dataSize', 'regionOffset', 'dpaStart'])
    assert.ok(!keys.has(key), `${key} has no unit`);
});
