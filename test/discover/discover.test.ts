import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover } from '../../src/discover/discover.ts';
import { refusal } from '../../src/linux/probe/access.ts';
import { AgentError } from '../../src/model/errors.ts';
import type { Place, Topology } from '../../src/model/topology.ts';
import type { KernelTree } from '../../src/ports.ts';
import { type HostTree, loadHost } from '../fakes/host-tree.ts';
import { createKernelTree } from '../fakes/kernel-tree.ts';

const unreadable = (errno: string) => ({ kind: 'error', errno }) as const;

function placeOf(topology: Topology, name: string): Place {
  const place = topology.places.find(
    ({ ndNamespace, ndRegion }) => ndNamespace === name || (ndNamespace === '' && ndRegion === name),
  );
  assert.ok(place, `no place ${name}`);
  return place;
}
function subjects(topology: Topology): string[] {
  return topology.problems.map(({ subject }) => subject);
}
/** What an ordinary user may not read. */
async function withoutRoot(host: HostTree): Promise<HostTree> {
  for (const name of (await host.sysfs.list('bus/nd/devices')) ?? []) {
    const path = `bus/nd/devices/${name}/resource`;
    if ((await host.sysfs.read(path)).kind === 'ok') host.sysfs.put(path, unreadable('EACCES'));
  }
  return host;
}

test('a host without persistent memory is an empty inventory without problems', async () => {
  const topology = await discover(loadHost('none'));
  assert.deepEqual(topology.buses, []);
  assert.deepEqual(topology.places, []);
  assert.deepEqual(topology.problems, []);
  assert.deepEqual(
    topology.blockDevices.map(({ name, kind }) => [name, kind]),
    [
      ['vda', 'disk'],
      ['vda1', 'partition'],
    ],
    'a mounted partition and its disk are known all the same',
  );
});

test('an fsdax namespace is found with its data area, device, region and DIMM', async () => {
  const topology = await discover(loadHost('qemu-mce'));
  const place = placeOf(topology, 'namespace1.0');
  assert.equal(place.device, 'pmem1');
  assert.equal(place.mode, 'fsdax');
  // region sector 303248 and disk sector 266384 are the same error in the recording
  assert.equal(place.dataStart, 303248 - 266384);
  assert.equal(place.dataSize, 2060288);
  assert.equal(place.regionOffset, 0);
  assert.deepEqual(place.dimms, [{ id: '8680-57341200', name: 'nmem1', serial: '0x57341200' }]);
  assert.deepEqual(topology.problems, []);
  assert.equal(topology.regions.length, 2);
  assert.ok(topology.regions.every(({ enabled }) => enabled));
});

test('seeds of size 0 and unbound btt, pfn and dax devices are no namespaces', async () => {
  const topology = await discover(loadHost('qemu-mce'));
  assert.deepEqual(
    topology.namespaces.map(({ name }) => name),
    ['namespace0.0', 'namespace1.0'],
  );
});

test('every mode of namespace has its device and window, and free space is a place of its own', async () => {
  const topology = await discover(loadHost('btt-and-devdax'));
  const shown = topology.places.map((p) => [
    p.ndNamespace,
    p.mode,
    p.device,
    p.regionOffset,
    p.dataStart,
    p.dataSize,
    p.windows,
  ]);
  assert.deepEqual(shown, [
    ['namespace0.0', 'fsdax', 'pmem0', 0, 4096, 1044480, undefined],
    ['namespace0.1', 'sector', 'pmem0.1s', 1048576, undefined, 259776, undefined],
    ['namespace0.2', 'devdax', 'dax0.2', 1310720, 4096, 520192, undefined],
    ['', undefined, '', undefined, undefined, undefined, [{ start: 1835008, count: 262144 }]],
  ]);
});

test('partitions, dm and md above pmem are followed through their holders', async () => {
  const { blockDevices } = await discover(loadHost('layers'));
  const get = (name: string) => blockDevices.find((device) => device.name === name);
  assert.deepEqual(get('pmem0p2')?.partitionOf, { disk: 'pmem0', start: 264192 });
  assert.deepEqual(get('pmem0p2')?.holders, ['md0']);
  assert.deepEqual(get('dm-1')?.slaves, ['pmem0p3', 'pmem1p3']);
  assert.equal(get('dm-1')?.dmName, 'stri');
  assert.equal(get('md0')?.kind, 'md');
  assert.equal(get('pmem0')?.hasBadblocks, true);
  assert.equal(get('pmem0.1s')?.hasBadblocks, false, 'a BTT disk has no list');
  assert.equal(get('pmem0.1s')?.namespace, 'namespace0.1');
  assert.equal(get('pmem0')?.dax, true);
  assert.equal(get('vda'), undefined, 'a disk without a mount and without pmem is not looked at');
});

test('the lists themselves are not read while looking around: each read of a cut one logs two kernel messages', async () => {
  const host = loadHost('truncated-list');
  await discover(host);
  assert.equal(host.sysfs.reads('block/pmem0/badblocks'), 0);
  assert.equal(host.sysfs.reads('bus/nd/devices/region0/badblocks'), 0);
});

test('each bus says what feeds its lists', async () => {
  const sources = async (scenario: string) =>
    (await discover(loadHost(scenario))).buses.map((b) => [b.provider, b.errorSource, b.scrubSupported]);
  assert.deepEqual(await sources('two-buses'), [
    ['ACPI.NFIT', 'ars', true],
    ['e820', 'none', false],
  ]);
  assert.deepEqual(await sources('qemu-mce'), [['ACPI.NFIT', 'mce', false]]);
  const papr = loadHost('one-bad-sector');
  papr.sysfs.remove('bus/nd/devices/ndbus0/nfit');
  papr.sysfs.remove('bus/nd/devices/nmem0/nfit');
  papr.sysfs.put('bus/nd/devices/nmem0/papr/flags', 'flush_fail \n');
  const topology = await discover(papr);
  assert.equal(topology.buses[0]?.errorSource, 'papr');
  assert.deepEqual(topology.dimms[0]?.flags, ['flush_fail']);
});

test('each bus says whether a write clears an error there, and a bus that nobody knows does not say', async () => {
  const clearing = async (host: HostTree) => (await discover(host)).places.map((p) => [p.bus, p.canClear]);
  const first = async (host: HostTree) => (await clearing(host))[0]?.[1];
  assert.deepEqual(
    new Set((await clearing(loadHost('two-buses'))).map(String)),
    new Set(['ndbus0,true', 'ndbus1,true']),
  );
  assert.equal(await first(loadHost('qemu-mce')), false, 'ACPI without the two commands: QEMU');
  const host = loadHost('one-bad-sector');
  host.sysfs.remove('bus/nd/devices/ndbus0/nfit');
  for (const [provider, canClear] of [
    ['CXL', false],
    ['virtio-pmem', true],
    ['pmem@100000000', undefined],
  ] as const) {
    host.sysfs.put('bus/nd/devices/ndbus0/provider', `${provider}\n`);
    assert.equal(await first(host), canClear, provider);
  }
  host.sysfs.put('bus/nd/devices/nmem0/papr/flags', '\n');
  assert.equal(await first(host), false, 'PAPR');
});

test('label-less page-mapped memory (e820) is fsdax whose data starts at its first sector', async () => {
  const place = placeOf(await discover(loadHost('two-buses')), 'namespace1.0');
  assert.deepEqual([place.mode, place.device, place.dataStart, place.dataSize], ['fsdax', 'pmem1', 0, 1048576]);
  assert.equal(place.errorSource, 'none');
});

test('a place keeps its identity when the kernel renumbers devices and the labels are made anew', async () => {
  const before = await discover(loadHost('renumbered-before'));
  const after = await discover(loadHost('renumbered-after'));
  const first = placeOf(before, 'namespace0.0');
  const moved = placeOf(after, 'namespace1.0');
  assert.equal(moved.uid, first.uid);
  assert.deepEqual([first.device, moved.device], ['pmem0', 'pmem1']);
  assert.notEqual(moved.epoch, first.epoch, 'the kernel instance is another one');
  assert.equal(placeOf(after, 'namespace0.0').uid, placeOf(before, 'namespace1.0').uid);
});

test('growing a namespace keeps its identity; where it starts is what counts', async () => {
  const host = loadHost('btt-and-devdax');
  const uid = placeOf(await discover(host), 'namespace0.2').uid;
  host.sysfs.put('bus/nd/devices/namespace0.2/size', '402653184\n');
  assert.equal(placeOf(await discover(host), 'namespace0.2').uid, uid);
  host.sysfs.put('bus/nd/devices/namespace0.2/resource', '0x129000000\n');
  assert.notEqual(placeOf(await discover(host), 'namespace0.2').uid, uid);
});

test('where DIMM ids repeat on the host, the handle is part of the key', async () => {
  const host = loadHost('qemu-mce');
  host.sysfs.put('bus/nd/devices/nmem1/nfit/id', '8680-56341200\n');
  const topology = await discover(host);
  assert.deepEqual(
    topology.dimms.map(({ key }) => key),
    ['8680-56341200-0x1', '8680-56341200-0x2'],
  );
  assert.notEqual(placeOf(topology, 'namespace0.0').uid, placeOf(topology, 'namespace1.0').uid);
});

test('a DIMM without an id is called by its kernel name', async () => {
  const host = loadHost('one-bad-sector');
  host.sysfs.remove('bus/nd/devices/nmem0/nfit/id');
  const topology = await discover(host);
  assert.equal(topology.dimms[0]?.key, 'nmem0');
  assert.deepEqual(topology.problems, []);
});

test('mappings count in the order of the interleave set, and modules have the slots of SMBIOS', async () => {
  const topology = await discover(loadHost('interleaved'));
  assert.deepEqual(
    placeOf(topology, 'namespace0.0').dimms.map(({ name, locator, partNumber }) => [name, locator, partNumber]),
    [
      ['nmem0', 'P1-DIMMA2', 'NMA1XBD128GQS'],
      ['nmem2', 'P1-DIMMC2', 'NMA1XBD128GQS'],
      ['nmem1', 'P1-DIMMB2', 'NMA1XBD128GQS'],
      ['nmem3', 'P1-DIMMD2', 'NMA1XBD128GQS'],
    ],
  );
});

test('a physical id that two DIMMs claim gives neither of them a slot', async () => {
  const host = loadHost('interleaved');
  host.sysfs.put('bus/nd/devices/nmem1/nfit/phys_id', '0x26\n');
  const locators = (await discover(host)).dimms.map(({ locator }) => locator);
  assert.deepEqual(locators, [undefined, undefined, 'P1-DIMMC2', 'P1-DIMMD2']);
});

test('without root a namespace that fills its region is known to start with it, and its data area by its size', async () => {
  const asRoot = placeOf(await discover(loadHost('qemu-mce')), 'namespace1.0');
  const topology = await discover(await withoutRoot(loadHost('qemu-mce')));
  assert.deepEqual(placeOf(topology, 'namespace1.0'), asRoot);
  assert.deepEqual(topology.problems, []);
});

test('without root one namespace of several is told by its uuid, its offset stays unknown, and that is said', async () => {
  const topology = await discover(await withoutRoot(loadHost('btt-and-devdax')));
  const place = placeOf(topology, 'namespace0.1');
  assert.equal(place.regionOffset, undefined);
  assert.equal(placeOf(topology, 'region0').windows, undefined, 'what is free is not known either');
  assert.equal(placeOf(topology, 'namespace0.0').dataStart, 4096);
  assert.deepEqual(subjects(topology).sort(), ['namespace0.0', 'namespace0.1', 'namespace0.2', 'region0']);
});

test('an address that is none (nfit_test) hides nothing: the offset in the region is exact', async () => {
  const topology = await discover(loadHost('nfit-test'));
  assert.equal(placeOf(topology, 'namespace3.0').regionOffset, 0);
  assert.equal(topology.regions.find(({ name }) => name === 'region3')?.resource, undefined);
  assert.deepEqual(subjects(topology), ['region3']);
  assert.equal(topology.places.length, 4);
});

test('an unreadable attribute is a problem of its object alone', async () => {
  for (const [path, errno, subject] of [
    ['bus/nd/devices/namespace0.0/mode', 'EIO', 'namespace0.0'],
    ['bus/nd/devices/region0/size', 'EACCES', 'region0'],
    ['bus/nd/devices/region0/mapping0', 'EIO', 'region0'],
    ['bus/nd/devices/nmem0/nfit/id', 'EIO', 'nmem0'],
    ['bus/nd/devices/ndbus0/provider', 'EIO', 'ndbus0'],
    ['block/pmem0/size', 'EIO', 'pmem0'],
  ] as const) {
    const host = loadHost('qemu-mce');
    host.sysfs.put(path, unreadable(errno));
    const topology = await discover(host);
    assert.ok(subjects(topology).includes(subject), path);
    assert.equal(placeOf(topology, 'namespace1.0').device, 'pmem1', path);
    assert.ok(
      topology.blockDevices.some(({ name }) => name === 'pmem1'),
      path,
    );
  }
});

test('what cannot be read now stays as it was last read by the same kernel instance', async () => {
  for (const path of [
    'namespace0.0/mode',
    'region0/mapping0',
    'nmem0/nfit/id',
    'namespace0.0/resource',
    'pfn0.0/size',
  ]) {
    const host = loadHost('qemu-mce');
    const before = await discover(host);
    host.sysfs.put(`bus/nd/devices/${path}`, unreadable('EIO'));
    const after = await discover(host, before);
    assert.deepEqual(after.places, before.places, path);
    assert.match(after.problems[0]?.reason ?? '', /kept as it was last read/, path);
    host.procfs.put('sys/kernel/random/boot_id', 'ffffffff-0000-4000-8000-000000000000\n');
    const rebooted = await discover(host, before);
    assert.doesNotMatch(rebooted.problems[0]?.reason ?? 'none', /kept|none/, `${path} of another kernel instance`);
  }
});

test('a device that does not answer is a problem, and the rest is there', async () => {
  const host = loadHost('qemu-mce');
  const release = host.sysfs.hang('bus/nd/devices/namespace0.0/holder');
  const topology = await discover(host);
  assert.match(topology.problems[0]?.reason ?? '', /has not answered/);
  assert.equal(placeOf(topology, 'namespace1.0').device, 'pmem1');
  assert.equal(
    placeOf(topology, 'region0').windows,
    undefined,
    'the region is not called free where a namespace is not known',
  );
  release();
  assert.deepEqual((await discover(host)).problems, []);
});

test('garbage in a number is a problem that shows it', async () => {
  const host = loadHost('qemu-mce');
  host.sysfs.put('bus/nd/devices/namespace0.0/size', 'lots\n');
  assert.match((await discover(host)).problems[0]?.reason ?? '', /size is not a number: "lots"/);
});

test('a namespace that goes away between listing and reading is no problem', async () => {
  const host = loadHost('qemu-mce');
  for (const name of (await host.sysfs.list('bus/nd/devices/namespace0.0')) ?? []) {
    host.sysfs.put(`bus/nd/devices/namespace0.0/${name}`, unreadable('ENODEV'));
  }
  const topology = await discover(host);
  assert.deepEqual(topology.problems, []);
  assert.ok(!topology.namespaces.some(({ name }) => name === 'namespace0.0'));
});

test('a disabled region is a place that is not watched, not one that is gone', async () => {
  const host = loadHost('one-bad-sector');
  for (const child of ['driver', 'namespace0.0', 'namespace0.1', 'pfn0.0', 'pfn0.1', 'btt0.0', 'dax0.0']) {
    host.sysfs.remove(`bus/nd/devices/region0/${child}`);
  }
  const topology = await discover(host);
  assert.equal(topology.regions[0]?.enabled, false);
  assert.equal(placeOf(topology, 'region0').windows, undefined);
});

test('a disabled namespace has no device and keeps its identity', async () => {
  const host = loadHost('one-bad-sector');
  const uid = placeOf(await discover(host), 'namespace0.0').uid;
  host.sysfs.remove('devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/pfn0.0');
  host.sysfs.remove('block/pmem0');
  host.sysfs.put('bus/nd/devices/namespace0.0/holder', '\n');
  host.sysfs.put('bus/nd/devices/namespace0.0/mode', 'raw\n');
  const place = placeOf(await discover(host), 'namespace0.0');
  assert.equal(place.uid, uid);
  assert.equal(place.device, '');
  assert.equal(place.dataStart, undefined);
});

test('two places that cannot be told apart never share an identity', async () => {
  const host = loadHost('qemu-mce');
  host.sysfs.remove('bus/nd/devices/nmem0/nfit/handle');
  host.sysfs.remove('bus/nd/devices/nmem1/nfit/handle');
  host.sysfs.put('bus/nd/devices/nmem1/nfit/id', '8680-56341200\n');
  const topology = await discover(host);
  assert.equal(new Set(topology.places.map(({ uid }) => uid)).size, 2);
  assert.deepEqual(subjects(topology), ['namespace0.0', 'namespace1.0']);
});

test('a listing that fails is a problem of the base, so that nothing is taken for gone', async () => {
  const host = loadHost('qemu-mce');
  host.sysfs.remove('bus/nd/devices');
  host.sysfs.put('bus/nd/devices', unreadable('EIO'));
  const topology = await discover(host);
  assert.deepEqual(topology.places, []);
  assert.deepEqual(subjects(topology), ['bus/nd/devices']);
});

test('a folder that cannot be listed keeps what it held, and another look at the same host is the same inventory', async () => {
  for (const folder of ['', '/ndbus0', '/ndbus0/nfit', '/region0', '/region1']) {
    const host = loadHost('qemu-mce');
    const before = await discover(host);
    const list = host.sysfs.list;
    host.sysfs.list = async (directory) => {
      if (directory === `bus/nd/devices${folder}`) throw new AgentError('SYSFS_READ', 'it hangs');
      return list(directory);
    };
    const { problems, ...after } = await discover(host, before);
    const { problems: none, ...expected } = before;
    assert.deepEqual(after, expected, folder);
    assert.equal(problems[0]?.subject, folder === '' ? 'bus/nd/devices' : folder.split('/')[1], folder);
    assert.deepEqual(none, []);
  }
});

test('a link or inode that cannot be read is a problem of its object, and the epoch stays', async () => {
  const host = loadHost('layers');
  const before = await discover(host);
  host.sysfs.inode = async () => {
    throw new AgentError('DEVICE_STUCK', 'it hangs');
  };
  host.sysfs.link = async () => {
    throw new AgentError('DEVICE_STUCK', 'it hangs');
  };
  const after = await discover(host, before);
  assert.deepEqual(after.places, before.places);
  assert.ok(subjects(after).includes('ndbus0'));
  assert.ok(subjects(after).includes('dm-0'));
});

/** Asks the way a probe process would be asked, and collects what it would refuse. */
function guarded(tree: KernelTree, name: 'sysfs' | 'procfs', refused: string[]): KernelTree {
  const ask = (path: string): string => {
    const reason = refusal(name, path);
    if (reason !== undefined) refused.push(`${name} ${path}: ${reason}`);
    return path;
  };
  return {
    read: (path) => tree.read(ask(path)),
    readAll: (directory, names) => {
      for (const attribute of names) ask(`${directory}/${attribute}`);
      return tree.readAll(directory, names);
    },
    list: (directory) => tree.list(ask(directory)),
    link: (path) => tree.link(ask(path)),
    inode: (path) => tree.inode(ask(path)),
  };
}

test('everything that is asked for is what the probe process serves', async () => {
  for (const scenario of ['layers', 'interleaved', 'two-buses', 'nfit-test', 'none']) {
    const { sysfs, procfs } = loadHost(scenario);
    const refused: string[] = [];
    await discover({ sysfs: guarded(sysfs, 'sysfs', refused), procfs: guarded(procfs, 'procfs', refused) });
    assert.deepEqual(refused, [], scenario);
  }
});

test('a boot id that cannot be read is a problem, and the one read before still holds', async () => {
  const host = loadHost('qemu-mce');
  const before = await discover(host);
  host.procfs.put('sys/kernel/random/boot_id', unreadable('EIO'));
  const after = await discover(host, before);
  assert.deepEqual(after.places, before.places);
  assert.deepEqual(subjects(after), ['sys/kernel/random/boot_id']);
});

test('a folder that is no sysfs is an error that says so, not a host without persistent memory', async () => {
  const { procfs } = loadHost('none');
  await assert.rejects(discover({ sysfs: createKernelTree([]), procfs }), {
    code: 'SYSFS_READ',
    message: /not mounted there, or --path\.sysfs/,
  });
});
