import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Listing } from '../../src/cli/listing.ts';
import { createHostTree, type HostTree, loadHost } from '../fakes/host-tree.ts';
import { createScriptedDsm } from '../fakes/scripted-dsm.ts';
import { platformOf, runCommand } from './run-command.ts';

const list = (host: HostTree, ...options: string[]) =>
  runCommand(['list', '--direct', ...options], { platform: platformOf(host) });
async function listing(host: HostTree): Promise<Listing> {
  return JSON.parse((await list(host, '--json')).stdout) as Listing;
}
/** What every host has besides persistent memory. */
const base = '@ block\nsda/\n@ /proc/1\nmountinfo :=\n@ /proc/sys/kernel/random\nboot_id = 1\n';

test('a host without persistent memory is a fine host that says so', async () => {
  const host = createHostTree(base);
  const { code, stdout, stderr } = await list(host);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^no persistent memory on this host/);
  const { readAt, ...rest } = await listing(host);
  assert.deepEqual(rest, { source: 'direct', complete: true, buses: [], problems: [] });
  assert.match(readAt ?? '', /^\d{4}-/);
});

test('JSON shows buses, DIMMs, regions, namespaces, and bad ranges in sectors of the device', async () => {
  const { code, stdout } = await list(loadHost('qemu-mce'), '--json');
  assert.equal(code, 0);
  const { complete, buses } = JSON.parse(stdout) as Listing;
  assert.equal(complete, true);
  const [bus] = buses;
  assert.deepEqual([bus?.name, bus?.provider, bus?.errorSource, bus?.monitored], ['ndbus0', 'ACPI.NFIT', 'mce', true]);
  assert.deepEqual(
    bus?.dimms.map(({ name }) => name),
    ['nmem0', 'nmem1'],
  );
  const [namespace] = bus?.regions[0]?.namespaces ?? [];
  assert.equal(namespace?.mode, 'fsdax');
  // one dialect with the API: units in the names, and the identity that metrics carry
  assert.match(namespace?.uid ?? '', /^[0-9a-f]{12}$/);
  assert.equal(typeof namespace?.sizeBytes, 'number');
  assert.deepEqual(Object.keys(bus?.regions[0]?.mappings[0] ?? {}), [
    'dimm',
    'dimmId',
    'dpaStartBytes',
    'lengthBytes',
    'position',
  ]);
  assert.equal(namespace?.device, 'pmem0');
  // region sector 6352 is sector 2256 of pmem0, whose data begins 2 MiB in
  assert.deepEqual(namespace?.badRanges, {
    readable: true,
    complete: true,
    reasons: [],
    ranges: [{ on: 'device', start: 2256, count: 8 }],
  });
});

test('the tree for people holds the same, without escape sequences when there is no colour', async () => {
  const { code, stdout } = await list(loadHost('qemu-mce'));
  assert.equal(code, 0);
  assert.match(stdout, /^ndbus0 {2}ACPI\.NFIT {2}errors are found by machine checks; no write clears one$/m);
  assert.match(stdout, /└─ namespace0\.0 {2}fsdax .* pmem0 .*1 bad range \(4 KiB\)$/m);
  assert.match(stdout, /pmem0 2256\+8 {2}4 KiB/);
  assert.ok(!stdout.includes('\u001b'));
});

test('a bus that nothing feeds is not monitored, however empty its list is', async () => {
  const host = createHostTree(`${base}
@nd devices/platform/e820_pmem/ndbus0
provider = e820
@nd devices/platform/e820_pmem/ndbus0/region0
devtype = nd_pmem
size = 1048576
resource = 0x100000000
mappings = 0
badblocks :=
driver -> x
@nd devices/platform/e820_pmem/ndbus0/region0/namespace0.0
size = 1048576
mode = raw
resource = 0x100000000
`);
  const { code, stdout } = await list(host);
  assert.equal(code, 0);
  assert.match(stdout, /not monitored: nothing tells the kernel of errors/);
  assert.match(stdout, /namespace0\.0 .* not monitored$/m);
  assert.doesNotMatch(stdout, /no bad ranges/);
  assert.equal((await listing(host)).buses[0]?.monitored, false);
});

test('a list that cannot be read is exit code 2 with its reason, and what can be read is still shown', async () => {
  const host = loadHost('qemu-mce');
  host.sysfs.put('bus/nd/devices/region1/badblocks', { kind: 'error', errno: 'EIO' });
  const { code, stdout, stderr } = await list(host);
  assert.equal(code, 2);
  assert.match(stderr, /^pmemwatch list: not complete: [^\n]*EIO[^\n]*\n$/);
  assert.match(stdout, /pmem0 2256\+8/);
  assert.match(stdout, /namespace1\.0 .*(unreadable|at least)/);
});

test('a truncated list is a lower bound', async () => {
  const { code, stdout } = await list(loadHost('truncated-list'));
  assert.equal(code, 2);
  assert.match(stdout, /at least \d+ bad ranges/);
  assert.match(stdout, /and \d+ more: --json shows all/);
});

test('names from the kernel cannot drive the terminal', async () => {
  const host = createHostTree(`${base}@nd devices/platform/x/ndbus0\nprovider = a\\x1b[2Jb\n`);
  assert.match((await list(host)).stdout, /a\\x1b\[2Jb/);
});

test('the health of a DIMM is shown as a person reads it, with what does not fit together', async () => {
  const dsm = createScriptedDsm();
  const recorded = (name: string) =>
    readFileSync(join(import.meta.dirname, '../fixtures/dsm/intel', `${name}.hex`), 'utf8');
  const host = loadHost('one-bad-sector');
  host.sysfs.put('bus/nd/devices/nmem0/nfit/dsm_mask', '0x6\n');
  host.sysfs.put('bus/nd/devices/nmem0/dev', '250:0\n');
  dsm.set('nmem0', 1, recorded('smart-default'));
  dsm.set('nmem0', 2, recorded('threshold-default'));
  const platform = platformOf(host, { dsm });
  const { stdout } = await runCommand(['list'], { platform });
  assert.match(
    stdout,
    /health non-critical {2}spare 75 % \(alarm at 5 %\), life used 5 %, media 23 °C \(alarm at 40 °C\), controller 25 °C, last shutdown clean, 42 dirty shutdowns in its life$/m,
  );
  assert.match(stdout, /the module shows an alarm for spare, media temperature, but value and threshold do not$/m);
  const json = JSON.parse((await runCommand(['list', '--json'], { platform })).stdout) as Listing;
  const health = json.buses[0]?.dimms[0]?.health;
  assert.equal(health?.state, 'noncritical');
  assert.equal(health?.fields.mediaTemperatureCelsius, 23);
});

test('an Optane module is shown with its reasons and with both of its counts of dirty shutdowns', async () => {
  const dsm = createScriptedDsm();
  const made = (name: string) =>
    readFileSync(join(import.meta.dirname, '../fixtures/dsm/intel', `synthetic-${name}.hex`), 'utf8');
  const host = loadHost('one-bad-sector');
  host.sysfs.put('bus/nd/devices/nmem0/nfit/dsm_mask', '0x2\n');
  host.sysfs.put('bus/nd/devices/nmem0/dev', '250:0\n');
  const shown = async () => (await runCommand(['list'], { platform: platformOf(host, { dsm }) })).stdout;
  dsm.set('nmem0', 1, made('optane'));
  assert.match(await shown(), /health ok .* last shutdown clean, 1 dirty shutdown in its life \(3 unlatched\)$/m);
  dsm.set('nmem0', 1, made('reason-without-vendor-data'));
  assert.match(await shown(), /health critical .*\n.* chip failed$/m);
});

test('an NVDIMM-N shows how its saves went and how long they took, its firmware and whether it is locked', async () => {
  const dsm = createScriptedDsm();
  const made = (path: string) => readFileSync(join(import.meta.dirname, '../fixtures/dsm', `${path}.hex`), 'utf8');
  const host = loadHost('one-bad-sector');
  host.sysfs.put('bus/nd/devices/nmem0/dev', '250:0\n');
  host.sysfs.put('bus/nd/devices/nmem0/security', 'locked\n');
  host.sysfs.put('bus/nd/devices/nmem0/frozen', '1\n');
  const shown = async (family: number, mask: string) => {
    host.sysfs.put('bus/nd/devices/nmem0/nfit/family', `${family}\n`);
    host.sysfs.put('bus/nd/devices/nmem0/nfit/dsm_mask', `${mask}\n`);
    return (await runCommand(['list'], { platform: platformOf(host, { dsm }) })).stdout;
  };
  dsm.set('nmem0', 1, made('hpe1/synthetic-health'));
  dsm.set('nmem0', 12, made('hpe1/synthetic-last-backup-failed'));
  const hpe = await shown(1, '0x1002');
  assert.match(hpe, /health non-critical .*energy source used 26 %/);
  assert.match(hpe, /last save 45 s, last restore 38 s, last erase 2 s, 52 power cycles, security locked \(frozen\)$/m);
  assert.match(hpe, /energy source life warning alarm, last backup not complete, failed save: 1, failed arming: 2$/m);
  dsm.set('nmem0', 1, made('msft/synthetic-identification'));
  dsm.set('nmem0', 11, made('msft/synthetic-health'));
  dsm.set('nmem0', 13, made('msft/synthetic-statistics'));
  dsm.set('nmem0', 12, made('msft/synthetic-energy-source'));
  dsm.set('nmem0', 5, made('msft/synthetic-thresholds'));
  dsm.set('nmem0', 7, made('msft/synthetic-energy-source-thresholds'));
  const microsoft = await shown(3, '0x38a2');
  assert.match(
    microsoft,
    /life used 3 % \(alarm at 80 %\), energy source used 45 % \(alarm at 40 %\), media 27 °C, energy source 30 °C \(alarm at 60 °C\)$/m,
  );
  assert.match(microsoft, /last erase 0\.95 s, 52 power cycles, firmware 0x0203, security locked/);
  assert.match(microsoft, /correctable ECC event above its threshold: 1$/m);
});

test('flags are told in words, and that a module may notify is no flag of it', async () => {
  const host = loadHost('one-bad-sector');
  const firstLine = async () => /(nmem0 .*)$/m.exec((await list(host)).stdout)?.[1] ?? '';
  host.sysfs.put('bus/nd/devices/nmem0/nfit/flags', 'smart_notify \n');
  assert.doesNotMatch(await firstLine(), /notify/);
  host.sysfs.put('bus/nd/devices/nmem0/nfit/flags', 'save_fail not_armed smart_notify \n');
  assert.match(await firstLine(), / {2}last save failed, not armed$/);
  assert.deepEqual((await listing(host)).buses[0]?.dimms[0]?.flags, ['save_fail', 'not_armed', 'smart_notify']);
});

test('a question that a module does not answer is shown beside what it answers, and so is one that it hangs on', async () => {
  const dsm = createScriptedDsm();
  const host = loadHost('one-bad-sector');
  host.sysfs.put('bus/nd/devices/nmem0/nfit/dsm_mask', '0x6\n');
  host.sysfs.put('bus/nd/devices/nmem0/dev', '250:0\n');
  dsm.set('nmem0', 1, readFileSync(join(import.meta.dirname, '../fixtures/dsm/intel/smart-injected.hex'), 'utf8'));
  dsm.set('nmem0', 2, '05000000');
  const run = (...options: string[]) => runCommand(['list', ...options], { platform: platformOf(host, { dsm }) });
  const answered = await run();
  assert.equal(answered.code, 0);
  assert.match(
    answered.stdout,
    /health fatal .*\n(.*\n)*.* not answered: intel 2 SMART_THRESHOLD: status: 5 \(try again/,
  );
  const json = JSON.parse((await run('--json')).stdout) as Listing;
  assert.deepEqual(
    json.buses[0]?.dimms[0]?.health?.failures.map(({ source }) => source),
    ['intel 2 SMART_THRESHOLD'],
  );
  dsm.hang('nmem0', 2);
  const hung = await run();
  assert.equal(hung.code, 2);
  assert.match(
    hung.stdout,
    /health unreadable: the module has not answered .*, fatal by what it said before {2}spare 1 %/,
  );
});

test('whether a DIMM is to be replaced is judged by the configuration, and without one by what comes with pmemwatch', async (t) => {
  const dsm = createScriptedDsm();
  const host = loadHost('one-bad-sector');
  host.sysfs.put('bus/nd/devices/nmem0/nfit/dsm_mask', '0x6\n');
  host.sysfs.put('bus/nd/devices/nmem0/dev', '250:0\n');
  dsm.set('nmem0', 1, readFileSync(join(import.meta.dirname, '../fixtures/dsm/intel/smart-default.hex'), 'utf8'));
  dsm.set('nmem0', 2, readFileSync(join(import.meta.dirname, '../fixtures/dsm/intel/threshold-default.hex'), 'utf8'));
  const run = (...options: string[]) => runCommand(['list', ...options], { platform: platformOf(host, { dsm }) });
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-list-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pmemwatch.yml');
  assert.match((await run()).stdout, /advice watch: health non-critical {2}by this reading alone$/m);
  writeFileSync(file, 'advice: { left_plan: 80, left_now: 40 }\n');
  assert.match((await run('--config', file)).stdout, /advice plan: spare 75 %, limit 80 %/);
  writeFileSync(file, 'advice: { left_plan: much }\n');
  const wrong = await run('--config', file);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /left_plan/);
  process.env['PMEMWATCH_ADVICE_LEFT_PLAN'] = 'much';
  t.after(() => delete process.env['PMEMWATCH_ADVICE_LEFT_PLAN']);
  const listed = await run();
  assert.equal(listed.code, 0, 'a mistake that nobody asked about hides nothing');
  assert.match(
    listed.stderr,
    /^pmemwatch: warning: the configuration is not used, advice is by the limits that come with/m,
  );
  assert.match(listed.stdout, /advice watch/);
});

test('advice by one reading does not call the past fine', async () => {
  const host = loadHost('one-bad-sector');
  const inputs = (await listing(host)).buses[0]?.dimms[0]?.advice?.inputs ?? [];
  const past = inputs.filter(({ input }) => ['new_ranges', 'recurrences', 'dirty_shutdowns'].includes(input));
  assert.deepEqual(
    past.map(({ advice }) => advice),
    [null, null, null],
  );
  assert.match(past[0]?.text ?? '', /^new ranges not known: one reading has no history$/);
});

test('a DIMM that may not be asked makes the listing incomplete, one without health data does not', async () => {
  const host = loadHost('one-bad-sector');
  const without = await runCommand(['list'], { platform: platformOf(host) });
  assert.match(without.stdout, /health not told by this module: the platform offers no health data/);
  host.sysfs.put('bus/nd/devices/nmem0/security', 'locked\n');
  const locked = await runCommand(['list'], { platform: platformOf(host) });
  assert.match(
    locked.stdout,
    /health not told .*\n.* security locked$/m,
    'what the kernel knows is shown all the same',
  );
  assert.equal(without.code, 0);
  const dsm = createScriptedDsm();
  host.sysfs.put('bus/nd/devices/nmem0/nfit/dsm_mask', '0x6\n');
  host.sysfs.put('bus/nd/devices/nmem0/dev', '250:0\n');
  dsm.set('nmem0', 1, 'EACCES');
  const { code, stdout, stderr } = await runCommand(['list'], { platform: platformOf(host, { dsm }) });
  assert.equal(code, 2);
  assert.match(
    stdout,
    /health unreadable: permission denied \(EACCES\) on \/dev\/nmem0: the probe process must be root, or have CAP_DAC_OVERRIDE/,
  );
  assert.match(stderr, /nmem0: permission denied/);
});
