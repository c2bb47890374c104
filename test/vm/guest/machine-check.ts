import { openSync, readSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const monitor = '/dev/virtio-ports/qmp';

// Intel SDM vol. 3B, 16.3.2: VAL, UC, EN, MISCV, ADDRV, S, and the code of a memory scrubbing error: the kernel takes
// it for an uncorrected error that no program has consumed yet, and so goes on.
const status = '0xbd000000000000c0';
// RIPV and MCIP: without them the kernel cannot return from the exception and panics.
const globalStatus = '0x5';
// Address mode physical (2 << 6), and the lowest valid address bit: what the error covers.
const misc = { 512: '0x89', 4096: '0x8c' } as const;

let port: number | undefined;

/** Makes the memory at this physical address fail, as the memory controller would report it: by a machine check. */
export function injectMachineCheck(address: bigint, bytes: keyof typeof misc = 4096): void {
  // Every processor takes part in a machine check: the kernel panics when one of several does not turn up.
  const broadcast = availableParallelism() > 1 ? '-b ' : '';
  const command = `mce ${broadcast}0 9 ${status} ${globalStatus} 0x${address.toString(16)} ${misc[bytes]}`;
  ask('human-monitor-command', { 'command-line': command });
}

function ask(execute: string, parameters: Readonly<Record<string, string>>): void {
  if (port === undefined) {
    port = openSync(monitor, 'r+');
    ask('qmp_capabilities', {});
  }
  writeSync(port, `${JSON.stringify({ execute, arguments: parameters })}\n`);
  for (;;) {
    // The monitor also greets, and tells of events such as the memory failure itself.
    const answer: unknown = JSON.parse(readLine(port));
    if (typeof answer !== 'object' || answer === null) continue;
    if ('error' in answer) throw new Error(`QEMU refused ${execute}: ${JSON.stringify(answer.error)}`);
    if (!('return' in answer)) continue;
    if (typeof answer.return === 'string' && answer.return !== '') throw new Error(`QEMU said: ${answer.return}`);
    return;
  }
}

let received = '';

function readLine(from: number): string {
  const chunk = new Uint8Array(4096);
  while (!received.includes('\n')) received += Buffer.from(chunk.subarray(0, readSync(from, chunk))).toString('utf8');
  const end = received.indexOf('\n');
  const line = received.slice(0, end);
  received = received.slice(end + 1);
  return line;
}
