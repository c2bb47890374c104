import { readFileSync } from 'node:fs';
import { callDsm } from '../../../src/linux/dsm.ts';

/** Asks a module of the Intel family for its SMART data, with whatever privilege this process was started with. */
const [dimm = ''] = process.argv.slice(2);
const devNumber = readFileSync(`/sys/bus/nd/devices/${dimm}/dev`, 'utf8').trim();
const smart = { dimm, devNumber, family: 0, command: 1, input: new Uint8Array(0), replyBytes: 132 };
try {
  const { reply } = await callDsm('/dev', smart);
  console.log(`${reply.length} bytes, flags 0x${Buffer.from(reply).readUInt32LE(4).toString(16)}`);
} catch (error) {
  console.log(error instanceof Error && 'code' in error ? error.code : error);
}
