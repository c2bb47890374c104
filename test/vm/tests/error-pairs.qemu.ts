import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { physicalAddress } from '../guest/namespace.ts';
import { until } from '../guest/wait.ts';
import { startWatching, type Watching } from '../guest/watching.ts';

test('both of two errors 20 ms apart are told', async (t) => {
  const watching = await startWatching(t, { folder: '/tmp/agent-pair' });
  // Many pairs, since how the two fall together with a read that is under way is a matter of luck.
  for (let pair = 0; pair < 10; pair += 1) {
    const sectors = [8192 + pair * 64, 8192 + pair * 64 + 32] as const;
    injectMachineCheck(physicalAddress('pmem0', sectors[0]));
    await sleep(20);
    injectMachineCheck(physicalAddress('pmem0', sectors[1]));
    await until(`both of pair ${pair}`, async () => has(await listed(watching), sectors), 60_000, 500);
  }
});

async function listed(watching: Watching): Promise<number[]> {
  return (await watching.items<{ readonly start: number }>('/api/v1/badblocks?device=pmem0')).map(({ start }) => start);
}

function has(found: readonly number[], wanted: readonly number[]): boolean {
  return wanted.every((sector) => found.includes(sector));
}
