import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { FilesystemIo, OpenKind } from '../../src/ports.ts';
import { BTRFS_IOC_GET_SUBVOL_INFO } from '../../src/resolve/fs/btrfs/snapshots.ts';
import { resolveRuns } from '../../src/resolve/resolve.ts';
import { discoverFacts, withPool } from './btrfs-lab.ts';
import { io, tool } from './lab.ts';

/**
 * Writes test/fixtures/btrfs/raid1.json: what a real kernel answered to every call of one question about a small
 * btrfs. Run as root by hand when what is asked of the kernel changes: `node --test test/loopfs/record-btrfs.ts`.
 */
test('records what the kernel answers', async (t) => {
  const mkfs = ['-d', 'raid1', '-m', 'raid1', '-U', '6d2c1d2e-0b5c-4e3e-9d38-2f0f5f0b6a11'];
  const mountOptions = 'noatime,commit=1,compress=zstd';
  await withPool(t, { devices: 2, megabytes: 256, mkfs, mountOptions }, async ({ devices, mountpoint, sectors }) => {
    const at = (...parts: string[]): string => join(mountpoint, ...parts);
    mkdirSync(at('folder'));
    const noise = Buffer.alloc(40_000, 0);
    for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE(Math.imul(i + 1, 2654435761) >>> 0, i);
    writeFileSync(at('folder/plain'), noise);
    linkSync(at('folder/plain'), at('second name'));
    writeFileSync(at('folder/packed'), Buffer.alloc(200_000, 'x'));
    writeFileSync(at('folder/inline'), 'a few bytes');
    tool('fallocate', '-l', '65536', at('reserved'));
    tool('btrfs', 'subvolume', 'create', at('sub'));
    tool('cp', '--reflink=always', at('folder/plain'), at('sub/clone'));
    // of a tree of one leaf nothing can be told to be older than a snapshot of it
    for (let i = 0; i < 60; i++)
      writeFileSync(at(`sub/${i}`), i % 6 === 0 ? noise.subarray(0, 8192 + i) : 'x'.repeat(900));
    tool('sync', '-f', mountpoint);
    tool('btrfs', 'subvolume', 'snapshot', at('sub'), at('sub again'));
    tool('btrfs', 'subvolume', 'snapshot', mountpoint, at('snap'));
    tool('sync', '-f', mountpoint);

    const facts = await discoverFacts();
    const calls: { readonly call: string; readonly input: string; readonly output: string }[] = [];
    const record = (call: string, input: Uint8Array, output: Uint8Array): void => {
      const one = { call, input: trimmed(input), output: trimmed(output) };
      if (!calls.some((c) => c.call === one.call && c.input === one.input)) calls.push(one);
    };
    const buffers = new Map<bigint, Uint8Array>();
    // what was opened by its handle is told apart by it
    const handles = new Map<number, string>();
    const of = (fd: number): string => (handles.has(fd) ? ` of ${handles.get(fd)}` : '');
    const recording = {
      ...io,
      openHandle(mount: number, type: number, handle: Uint8Array, kind: OpenKind) {
        const fd = io.openHandle(mount, type, handle, kind);
        handles.set(fd, trimmed(handle));
        return fd;
      },
      close(fd: number) {
        handles.delete(fd);
        io.close(fd);
      },
      status(fd: number) {
        const status = io.status(fd);
        if (handles.has(fd)) record(`status${of(fd)}`, new Uint8Array(), Buffer.from(JSON.stringify(status)));
        return status;
      },
      addressOf(buffer: Uint8Array) {
        const address = io.addressOf(buffer);
        buffers.set(address, buffer);
        return address;
      },
      ioctl(fd: number, request: number, buffer: Uint8Array) {
        const input = Buffer.from(buffer.subarray(0, 112));
        const result = io.ioctl(fd, request, buffer);
        const pointed = request === 0xc038943b ? buffers.get(Buffer.from(buffer).readBigUInt64LE(48)) : undefined;
        const answer = pointed ?? (request === 0xc0709411 ? itemsIn(Buffer.from(buffer)) : buffer);
        record(`ioctl 0x${request.toString(16)}${of(fd)}`, input.subarray(0, pointed === undefined ? 112 : 48), answer);
        return result;
      },
      pread(fd: number, into: Uint8Array, position: number) {
        const read = io.pread(fd, into, position);
        record(`pread ${position}`, new Uint8Array(), into);
        return read;
      },
    };
    const job = { device: devices[1] as string, runs: [run(0, sectors)], deadlineMs: 10_000, walkRoots: [] };
    const ask = (through: FilesystemIo) =>
      resolveRuns(job, facts, through, () => undefined, new AbortController().signal);
    await ask(recording);
    // and what is asked when nothing is known of a snapshot, so that it is read itself
    await ask({
      ...recording,
      ioctl(fd: number, request: number, buffer: Uint8Array) {
        if (request === BTRFS_IOC_GET_SUBVOL_INFO) throw Object.assign(new Error('ENOTTY'), { code: 'ENOTTY' });
        return recording.ioctl(fd, request, buffer);
      },
    });
    const found = facts.blockDevices.find((d) => d.name === devices[1]);
    // to be taken for a disk: what the file behind the loop device lies on is no part of it
    const { assembly: _, ...rest } = found ?? {};
    const device = { ...rest, kind: 'disk' };
    const mounts = facts.mounts.filter((m) => m.mountpoint.text === mountpoint);
    const recorded = { device, mounts, calls };
    writeFileSync(join(import.meta.dirname, '../fixtures/btrfs/raid1.json'), `${JSON.stringify(recorded, null, 1)}\n`);
  });
});

/** A tree search without what earlier ones have left behind its items. */
function itemsIn(raw: Buffer): Buffer {
  let end = 112;
  for (let left = raw.readUInt32LE(64); left > 0; left--) end += 32 + raw.readUInt32LE(end + 28);
  return raw.subarray(0, end);
}
/** Base64 without the zeros at the end. */
function trimmed(raw: Uint8Array): string {
  let end = raw.length;
  while (end > 0 && raw[end - 1] === 0) end--;
  return Buffer.from(raw.subarray(0, end)).toString('base64');
}
