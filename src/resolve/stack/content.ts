import { errnoOf, messageOf, quietly } from '../../model/errors.ts';
import type { BlockDevice } from '../../model/topology.ts';
import { bytesFromSectors } from '../../model/units.ts';
import type { FilesystemIo } from '../../ports.ts';
import { RECOGNIZE_BYTES, RECOGNIZE_TAIL_BYTES, recognize } from './recognize.ts';

/** What a device that nothing mounts or holds carries: by itself, and with what is being done with it. */
export function contentOf(device: BlockDevice, io: FilesystemIo) {
  const head = readHead(device, RECOGNIZE_BYTES, io);
  if (head.kind === 'failed') return head;
  const recognized = recognize(head.raw, readEnd(device, io));
  return { kind: 'ok', recognized, what: useOf(device, recognized, io) } as const;
}
function useOf(device: BlockDevice, content: string, io: FilesystemIo): string {
  if (content === 'swap space') return isActiveSwap(device, io) ? 'swap space in use' : 'swap space, not in use';
  return content.endsWith('file system') ? `${content}, not mounted` : content;
}

/** The first bytes, or why they cannot be read. Never throws for what the device does. */
export function readHead(device: BlockDevice, bytes: number, io: FilesystemIo) {
  return readAt(device, 0, bytes, io);
}
/** Absent where it cannot be read: what was found at the start counts all the same. */
function readEnd(device: BlockDevice, io: FilesystemIo) {
  const from = bytesFromSectors(device.size) - RECOGNIZE_TAIL_BYTES;
  const end = from < 0 ? undefined : readAt(device, from, RECOGNIZE_TAIL_BYTES, io);
  return end?.kind === 'ok' ? { raw: end.raw, deviceSectors: device.size } : undefined;
}
function readAt(device: BlockDevice, from: number, bytes: number, io: FilesystemIo) {
  try {
    const fd = io.openDevice(device.name, device.devNumber);
    try {
      const raw = Buffer.alloc(bytes);
      io.pread(fd, raw, from);
      return { kind: 'ok', raw } as const;
    } finally {
      io.close(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { kind: 'failed', reason: messageOf(error) } as const;
  }
}

function isActiveSwap(device: BlockDevice, io: FilesystemIo): boolean {
  const lines = quietly(() => Buffer.from(io.readProc('swaps')).toString('latin1').split('\n')) ?? [];
  return lines.some((line) => line.split(/\s/)[0] === `/dev/${device.name}`);
}
