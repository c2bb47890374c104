import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockDevice, Mount } from '../../../src/model/topology.ts';
import type { FileStatus, FilesystemIo } from '../../../src/ports.ts';
import { BTRFS_IOC_LOGICAL_INO_V2 } from '../../../src/resolve/fs/btrfs/references.ts';
import { BTRFS_IOC_DEV_INFO } from '../../../src/resolve/fs/btrfs/volume.ts';
import { memoryIo } from '../memory-io.ts';

/** One question to a real kernel, recorded by test/loopfs/record-btrfs.ts. */
export interface Recording {
  readonly device: BlockDevice;
  readonly mounts: readonly Mount[];
  readonly calls: readonly { readonly call: string; readonly input: string; readonly output: string }[];
}
export function readRecording(): Recording {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/btrfs/raid1.json'), 'utf8'));
}

export interface Replay {
  /** sees each answer before the code under test does, and may change it or throw */
  readonly spoil?: (request: number, answer: Buffer) => void;
  /** what the kernel answers to what was not recorded; default: fails with ENOSYS */
  readonly otherwise?: (request: number, buffer: Uint8Array) => number;
}

/** A kernel that answers as it did when it was recorded. */
export function replay({ calls }: Recording, { spoil, otherwise }: Replay = {}): FilesystemIo & { asked: number } {
  const answers = new Map(calls.map((c) => [`${c.call} ${c.input}`, Buffer.from(c.output, 'base64')]));
  const buffers: Buffer[] = [];
  const nothing = memoryIo(Buffer.alloc(0));
  const failing = (code: string): never => {
    throw Object.assign(new Error(`${code}: not recorded`), { code });
  };
  // descriptors of what was opened by its handle
  const FIRST_HANDLE = 100;
  const handles: string[] = [];
  const of = (fd: number): string => (fd < FIRST_HANDLE ? '' : ` of ${handles[fd - FIRST_HANDLE]}`);
  const io = {
    ...nothing,
    asked: 0,
    openPath: () => 3,
    openHandle(_mount: number, _type: number, handle: Uint8Array) {
      handles.push(trimmed(handle));
      const fd = FIRST_HANDLE + handles.length - 1;
      return answers.has(`status${of(fd)} `) ? fd : failing('ESTALE');
    },
    status: (fd: number): FileStatus => JSON.parse((answers.get(`status${of(fd)} `) ?? failing('EBADF')).toString()),
    addressOf(buffer: Uint8Array) {
      buffers.push(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength));
      return BigInt(buffers.length - 1);
    },
    pread(_fd: number, into: Uint8Array, position: number) {
      const answer = answers.get(`pread ${position} `) ?? failing('EIO');
      into.set(answer.subarray(0, into.length));
      return into.length;
    },
    ioctl(fd: number, request: number, buffer: Uint8Array) {
      io.asked++;
      const pointed = request === BTRFS_IOC_LOGICAL_INO_V2;
      const input = trimmed(buffer.subarray(0, pointed ? 48 : 112));
      const answer = answers.get(`ioctl 0x${request.toString(16)}${of(fd)} ${input}`);
      // calls that failed are not recorded: there is no device 0 unless one is being replaced
      if (answer === undefined && request === BTRFS_IOC_DEV_INFO) failing('ENODEV');
      if (answer === undefined) return otherwise?.(request, buffer) ?? failing('ENOSYS');
      const into = pointed ? (buffers[Number(Buffer.from(buffer).readBigUInt64LE(48))] as Buffer) : buffer;
      const copy = Buffer.alloc(Math.min(into.length, answer.length + 4096));
      answer.copy(copy);
      spoil?.(request, copy);
      copy.copy(into);
      return 0;
    },
  };
  return io;
}
function trimmed(raw: Uint8Array): string {
  let end = raw.length;
  while (end > 0 && raw[end - 1] === 0) end--;
  return Buffer.from(raw.subarray(0, end)).toString('base64');
}
