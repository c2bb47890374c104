/** What the probe says that it cannot see is what the kernel refuses it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blindSpots } from '../../src/linux/probe/capabilities.ts';

/** Prints what is told, and whether a file of root alone can be opened as the kernel wants it: `resource`, `/dev/nmem0`. */
const script = `
import { closeSync, openSync } from 'node:fs';
import { readCapabilities } from './capabilities.ts';
const opens = (file, flags) => { try { closeSync(openSync(file, flags)); return true; } catch { return false; } };
console.log(JSON.stringify({ blind: readCapabilities().blind, reads: opens('resource', 'r'), asks: opens('nmem0', 'r+') }));
`;
const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const only = (capability: string) => [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`];
const privileges: Readonly<Record<string, { flags: readonly string[]; reads: boolean; asks: boolean }>> = {
  'root without any capability': { flags: ['--bounding-set=-all', '--inh-caps=-all'], reads: true, asks: true },
  'another user without any capability': { flags: nobody, reads: false, asks: false },
  'another user with CAP_SYS_RAWIO': { flags: [...nobody, ...only('sys_rawio')], reads: false, asks: false },
  'another user with CAP_DAC_READ_SEARCH': { flags: [...nobody, ...only('dac_read_search')], reads: true, asks: false },
  'another user with CAP_DAC_OVERRIDE': { flags: [...nobody, ...only('dac_override')], reads: true, asks: true },
};

const isRoot = process.getuid?.() === 0;
for (const [who, { flags, reads, asks }] of Object.entries(privileges)) {
  test(`${who}: what is told as not visible is what the kernel refuses`, { skip: !isRoot && 'needs root' }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-capabilities-'));
    t.after(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o755);
    for (const name of ['resource', 'nmem0']) writeFileSync(join(folder, name), '', { mode: 0o600 });
    chmodSync(join(folder, 'resource'), 0o400);
    copyFileSync(join(import.meta.dirname, '../../src/linux/probe/capabilities.ts'), join(folder, 'capabilities.ts'));
    writeFileSync(join(folder, 'look.mts'), script);
    for (const name of ['capabilities.ts', 'look.mts']) chmodSync(join(folder, name), 0o644);
    const done = spawnSync('setpriv', [...flags, process.execPath, 'look.mts'], { cwd: folder, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    const seen = JSON.parse(done.stdout) as { blind: string[]; reads: boolean; asks: boolean };
    assert.deepEqual({ reads: seen.reads, asks: seen.asks }, { reads, asks });
    const told = (what: string) => seen.blind.some((each) => each.startsWith(what));
    assert.equal(told('addresses of regions'), !reads);
    assert.equal(told('health data of the DIMMs'), !asks);
  });
}

test('CAP_SYS_RAWIO alone makes no module readable, and each blind spot names what it takes', () => {
  const blind = blindSpots(['CAP_SYS_RAWIO'], false);
  assert.ok(blind.includes('health data of the DIMMs (needs root or CAP_DAC_OVERRIDE)'));
  assert.ok(!blind.some((each) => each.includes('CAP_SYS_RAWIO')));
});
