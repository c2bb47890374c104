import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../src/linux/probe/access.ts';
import { parseRequest } from '../../src/linux/probe/protocol.ts';

const served = [
  'bus/nd/devices',
  'bus/nd/devices/region0/badblocks',
  'bus/nd/devices/region0/mapping3',
  'bus/nd/devices/region0/driver',
  'bus/nd/devices/region0/dax_region/id',
  'bus/nd/devices/ndbus0/nfit/scrub',
  'bus/nd/devices/ndbus0/provider',
  'bus/nd/devices/nmem3/nfit/flags',
  'bus/nd/devices/nmem3/papr/flags',
  'bus/nd/devices/namespace1.0/holder_class',
  'bus/nd/devices/namespace1.0/block/pmem1/badblocks',
  'bus/nd/devices/namespace1.0/block',
  'bus/nd/devices/pfn0.1/resource',
  'bus/nd/devices/dax0.2/dax/dax0.2/size',
  'bus/nd/devices/ndbus0/region0/namespace0.0/block/pmem0/size',
  'bus/dax/devices/dax0.0/resource',
  'bus/dax/devices/dax0.0/mapping0/start',
  'block',
  'block/pmem0/badblocks',
  'block/pmem0.1s/size',
  'block/pmem0/queue/logical_block_size',
  'block/pmem0/pmem0p1/start',
  'block/pmem0/holders',
  'block/dm-0/slaves/pmem0p1',
  'block/dm-0/dm/name',
  'block/md127/md/dev-pmem0p2/bad_blocks',
  'block/md127/md/level',
  'block/cciss!c0d0/size',
  'block/pmem0/device',
  'dev/block/259:0',
  'fs/btrfs',
  'fs/btrfs/5b0c2dcb-24a6-4b5c-a2f2-6d7e16e8a0f3/devices',
  'fs/btrfs/5b0c2dcb-24a6-4b5c-a2f2-6d7e16e8a0f3/devices/sda1',
  'dev/block/259:0/size',
  'class/nd/ndctl0',
  'devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/badblocks',
  'devices/platform/nfit_test.0/ndbus0/region1/namespace1.0/block/pmem1/pmem1p1/size',
  'devices/virtual/block/dm-3/dm/uuid',
  'firmware/dmi/entries',
  'firmware/dmi/entries/17-4/raw',
  'module/libnvdimm/parameters',
  'module/nfit/parameters/no_init_ars',
];
for (const path of served) {
  test(`the probe serves sysfs ${path}`, () => assert.equal(refusal('sysfs', path), undefined));
}
for (const path of ['1/mountinfo', 'self/mountinfo', 'sys/kernel/random/boot_id', 'swaps', 'mdstat']) {
  test(`the probe serves procfs ${path}`, () => assert.equal(refusal('procfs', path), undefined));
}

const refused: readonly { tree: 'sysfs' | 'procfs'; path: string; why: string }[] = [
  { tree: 'sysfs', path: '', why: 'it is empty' },
  { tree: 'sysfs', path: '/etc/shadow', why: 'it is absolute' },
  { tree: 'sysfs', path: '../etc/shadow', why: 'it climbs out' },
  { tree: 'sysfs', path: 'bus/nd/devices/../../../../etc/shadow', why: 'it climbs out from within' },
  { tree: 'sysfs', path: 'bus/nd/devices/region0/..', why: 'it climbs' },
  { tree: 'sysfs', path: 'bus/nd/devices/./region0', why: 'it is not plain' },
  { tree: 'sysfs', path: 'bus/nd/devices//region0', why: 'it is not plain' },
  { tree: 'sysfs', path: 'bus/nd/devices/region0\n/x', why: 'it holds a newline' },
  { tree: 'sysfs', path: 'bus/nd/devices/region0\0', why: 'it holds a NUL' },
  { tree: 'sysfs', path: 'bus/nd/devices/ndbus0/wait_probe', why: 'it blocks by design' },
  { tree: 'sysfs', path: 'devices/platform/x/ndbus0/wait_probe', why: 'it blocks by design' },
  {
    tree: 'sysfs',
    path: 'bus/nd/devices/region0/driver/module/sections/.text',
    why: 'a link leads to kernel addresses',
  },
  { tree: 'sysfs', path: 'block/sda/device/driver/module/refcnt', why: 'a link leads elsewhere' },
  { tree: 'sysfs', path: 'bus/nd/devices/region0/subsystem/devices/region0/size', why: 'a link leads round' },
  { tree: 'sysfs', path: 'devices/pci0000:00/0000:00:02.0/config', why: 'it is another device' },
  { tree: 'sysfs', path: 'devices/pci0000:00/0000:00:02.0/rom', why: 'it is another device' },
  { tree: 'sysfs', path: 'kernel/debug/x', why: 'it is not about storage' },
  { tree: 'sysfs', path: 'firmware/dmi/entries/1-0/raw', why: 'it is not a memory device' },
  { tree: 'sysfs', path: 'module/dm_crypt/parameters/x', why: 'it is another module' },
  { tree: 'sysfs', path: `block/${'a'.repeat(600)}`, why: 'it is endless' },
  { tree: 'procfs', path: '1/environ', why: 'it is another process’s secret' },
  { tree: 'procfs', path: '1/root/etc/shadow', why: 'it leads into the file system' },
  { tree: 'procfs', path: '4711/mountinfo', why: 'it is another process’s' },
  { tree: 'procfs', path: 'kcore', why: 'it is memory' },
  { tree: 'procfs', path: 'sys/kernel/core_pattern', why: 'it is not needed' },
];
for (const { tree, path, why } of refused) {
  test(`the probe refuses ${tree} ${JSON.stringify(path).slice(0, 80)}: ${why}`, () => {
    assert.equal(typeof refusal(tree, path), 'string');
    const parsed = parseRequest(JSON.stringify({ id: 1, op: 'read', tree, path }));
    assert.equal(parsed.kind, 'refused');
  });
}

const run = { start: 0, count: 8 };
const job = { device: 'pmem0', runs: [run], deadlineMs: 1000, walkRoots: [] };
const wrong: readonly { request: unknown; why: string }[] = [
  { request: { id: 1, op: 'write', tree: 'sysfs', path: 'block' }, why: 'an unknown operation' },
  { request: { id: 1, op: 'read', tree: 'dev', path: 'block' }, why: 'an unknown tree' },
  { request: { id: 1, op: 'read', tree: 'sysfs', path: 7 }, why: 'a path that is no text' },
  { request: { id: 1, op: 'read', tree: 'sysfs', path: ['block'] }, why: 'a path that is a list' },
  { request: { id: 1, op: 'resolve' }, why: 'no job' },
  { request: { id: 1, op: 'resolve', job: { ...job, device: '../mem' } }, why: 'a device that is a path' },
  { request: { id: 1, op: 'resolve', job: { ...job, device: '-x' } }, why: 'a device that is an option' },
  { request: { id: 1, op: 'resolve', job: { ...job, runs: [] } }, why: 'no runs' },
  { request: { id: 1, op: 'resolve', job: { ...job, runs: 'all' } }, why: 'runs that are no list' },
  { request: { id: 1, op: 'resolve', job: { ...job, runs: [{ start: -1, count: 1 }] } }, why: 'a negative start' },
  { request: { id: 1, op: 'resolve', job: { ...job, runs: [{ start: 0, count: 0 }] } }, why: 'an empty run' },
  {
    request: { id: 1, op: 'resolve', job: { ...job, runs: [{ start: 2 ** 53, count: 1 }] } },
    why: 'a start beyond 2^53',
  },
  { request: { id: 1, op: 'resolve', job: { ...job, deadlineMs: 0 } }, why: 'no deadline' },
  { request: { id: 1, op: 'resolve', job: { ...job, walkRoots: ['relative'] } }, why: 'a relative walk root' },
  { request: { id: 1, op: 'resolve', job: { ...job, walkRoots: ['/a/../b'] } }, why: 'a walk root that climbs' },
  {
    request: { id: 1, op: 'check', job: { paths: ['x'], deadlineMs: 1, tellClean: true } },
    why: 'a relative path to check',
  },
  { request: { id: 1, op: 'cancel' }, why: 'nothing to cancel' },
];
for (const { request, why } of wrong) {
  test(`a request with ${why} is refused with its id`, () => {
    const parsed = parseRequest(JSON.stringify(request));
    assert.deepEqual([parsed.kind, 'id' in parsed && parsed.id], ['refused', 1]);
  });
}
for (const line of ['', 'hello', '[]', 'null', '{"op":"hello"}', '{"id":"1","op":"hello"}', '{"id":-1,"op":"hello"}']) {
  test(`the line ${line || '(empty)'} ends the conversation, since there is no id to answer to`, () => {
    assert.equal(parseRequest(line).kind, 'garbage');
  });
}
test('what a job carries beyond its fields is not passed on', () => {
  const parsed = parseRequest(
    JSON.stringify({ id: 1, op: 'resolve', job: { ...job, evil: 1, runs: [{ ...run, x: 1 }] } }),
  );
  assert.deepEqual(parsed, { kind: 'request', request: { id: 1, op: 'resolve', job } });
});
