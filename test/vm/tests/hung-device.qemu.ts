import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionList } from '../guest/bad-blocks.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { physicalAddress } from '../guest/namespace.ts';
import { program } from '../guest/program.ts';
import { startWatching } from '../guest/watching.ts';

test('a device whose list never answers is told as stuck and delays none of the others', async (t) => {
  // Opening a FIFO that nobody writes to waits for ever, as reading an attribute does whose device lock is held.
  program('mkfifo', '/tmp/never');
  program('mount', '--bind', '/tmp/never', regionList('region1'));
  const watching = await startWatching(t, { deviceDeadline: '2s' });
  await watching.message('the stuck device', ({ condition }) => condition === 'device_stuck');

  const delays: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const sector = 8192 + turn * 64;
    const injected = Date.now();
    injectMachineCheck(physicalAddress('pmem0', sector));
    const { at } = await watching.message(`sector ${sector}`, ({ ranges }) =>
      ranges.some((range) => range.start === sector),
    );
    delays.push(at - injected);
  }
  t.diagnostic(`with one device hung, told after ${delays.join(', ')} ms`);
  // all of them came while the other device hung, and still does
  assert.match(await watching.metrics(), /^pmem_badblocks_readable\{[^}]*nd_region="region1"[^}]*\} 0$/m);
});
