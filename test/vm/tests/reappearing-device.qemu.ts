import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { disableNamespace, enableNamespace, physicalAddress } from '../guest/namespace.ts';
import { until } from '../guest/wait.ts';
import { startWatching, type Watching } from '../guest/watching.ts';

const namespace = { name: 'namespace0.0', region: 'region0', disk: 'pmem0' };

test('one agent, errors in a row and a device that goes and comes', async (t) => {
  const watching = await startWatching(t);
  await t.test('both of two errors 20 ms apart are told', () => errorsInPairs(watching));
  await t.test('an error after the namespace was disabled and enabled is told', (t) => errorAfterReturn(t, watching));
});

async function errorsInPairs(watching: Watching): Promise<void> {
  // Many pairs, since how the two fall together with a read that is under way is a matter of luck.
  for (let pair = 0; pair < 10; pair += 1) {
    const sectors = [8192 + pair * 64, 8192 + pair * 64 + 32] as const;
    injectMachineCheck(physicalAddress('pmem0', sectors[0]));
    await sleep(20);
    injectMachineCheck(physicalAddress('pmem0', sectors[1]));
    await until(`both of pair ${pair}`, async () => has(await listed(watching), sectors), 60_000, 500);
  }
}

async function errorAfterReturn(t: TestContext, watching: Watching): Promise<void> {
  const sees = async (): Promise<boolean> => (await deviceNames(watching)).includes('pmem0');
  disableNamespace(namespace);
  await until('the agent sees that it is gone', async () => !(await sees()), 60_000, 1000);
  enableNamespace(namespace);
  await until('the agent sees it again', sees, 60_000, 1000);
  await sleep(2_000);

  const injected = Date.now();
  injectMachineCheck(physicalAddress('pmem0', 65536));
  const { at } = await watching.message('the new sector', ({ ranges }) => ranges.some(({ start }) => start === 65536));
  t.diagnostic(`told after ${at - injected} ms`);
  assert.ok(!watching.mediaMessages().includes('resolved'), 'a device that goes for a moment has not been repaired');
}

async function listed(watching: Watching): Promise<number[]> {
  return (await watching.items<{ readonly start: number }>('/api/v1/badblocks?device=pmem0')).map(({ start }) => start);
}

function has(found: readonly number[], wanted: readonly number[]): boolean {
  return wanted.every((sector) => found.includes(sector));
}

async function deviceNames(watching: Watching): Promise<string[]> {
  const devices = await watching.items<{ readonly device: string }>('/api/v1/devices');
  return devices.map(({ device }) => device);
}
