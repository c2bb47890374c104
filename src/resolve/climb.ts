import { errnoOf, messageOf } from '../model/errors.ts';
import { type Extent, endOf, intersect, type Run, run, subtract } from '../model/extent.ts';
import type { LayerExtent, Owner } from '../model/owner.ts';
import type { BlockDevice, Mount } from '../model/topology.ts';
import { bytesFromSectors } from '../model/units.ts';
import type { FilesystemIo } from '../ports.ts';
import { xfsMountsBeside } from './fs/xfs/side-devices.ts';
import type { StackLayer } from './stack/layer.ts';
import { stackLayers } from './stack/layers.ts';
import { partitionTableBytes, partitionTableRuns } from './stack/partition-table.ts';
import { RECOGNIZE_BYTES, RECOGNIZE_TAIL_BYTES, recognize } from './stack/recognize.ts';

/** Sectors as the asked device and the device they were followed to see them. */
export interface Segment {
  /** sector on the asked device where `on` starts */
  readonly asked: number;
  readonly on: Run;
  /** the layers passed, from the asked device upwards; each `start` belongs to `on.start` */
  readonly layers: readonly LayerExtent[];
}
/** A device with a mounted file system, and the asked sectors that lie on it. */
export interface Leaf {
  readonly device: BlockDevice;
  readonly mounts: readonly Mount[];
  readonly segments: readonly Segment[];
}
export interface Climb {
  readonly leaves: readonly Leaf[];
  /** what needs no file system, on the asked device */
  readonly owners: readonly Owner[];
}
export interface HostFacts {
  readonly blockDevices: readonly BlockDevice[];
  readonly mounts: readonly Mount[];
}

/** Follows sectors of a device up the block stack: partitions and so on, to file systems or to whatever else is there. */
export function climb(asked: BlockDevice, runs: readonly Run[], facts: HostFacts, io: FilesystemIo): Climb {
  const leaves = new Map<string, { device: BlockDevice; mounts: readonly Mount[]; segments: Segment[] }>();
  const owners: Owner[] = [];
  const settle = (segments: readonly Segment[], what: Omit<Owner, 'device' | 'start' | 'count' | 'layers'>): void => {
    for (const s of segments) owners.push(ownerOn(asked.name, s, s.on, what));
  };
  const visit = (device: BlockDevice, segments: readonly Segment[]): void => {
    if (segments.length === 0) return;
    const mounts = mountsOf(device, facts.mounts);
    if (mounts.length > 0) {
      const leaf = leaves.get(device.name) ?? { device, mounts, segments: [] };
      for (const s of segments) leaf.segments.push(s);
      leaves.set(device.name, leaf);
      return;
    }
    const { through, opaque } = uppersOf(device, facts.blockDevices);
    if (opaque.length > 0) {
      settle(segments, {
        kind: 'unknown',
        reason: `below ${opaque.join(', ')} (LVM/dm/md layers are not resolved yet)`,
      });
      return;
    }
    if (through.length === 0) {
      settle(segments, { kind: 'raw', metadata: contentOf(device, io) });
      return;
    }
    const shown: Run[] = [];
    for (const { upper, layer } of through) visit(upper, mapSegments(device, upper, layer, segments, shown));
    settleUnpartitioned(
      device,
      cutSegments(segments, (r) => subtract([r], shown)),
      io,
      settle,
    );
  };
  visit(
    asked,
    runs.map((r) => ({ asked: r.start, on: r, layers: [] })),
  );
  return { leaves: [...leaves.values()], owners };
}

/** An owner of sectors `part` of `segment.on`, told on the asked device. */
export function ownerOn(
  askedDevice: string,
  segment: Segment,
  part: Run,
  what: Omit<Owner, 'device' | 'start' | 'count' | 'layers'>,
): Owner {
  const into = part.start - segment.on.start;
  const place = run(segment.asked + into, part.count);
  if (segment.layers.length === 0) return { ...what, device: askedDevice, ...place };
  const layers = segment.layers.map((l) => ({ ...l, ...run(l.start + into, part.count) }));
  return { ...what, device: askedDevice, ...place, layers };
}

/** Mounts of a device; file systems with device numbers of their own (btrfs) are known by their source, and an XFS is
 * also on the devices of its journal and realtime part. */
export function mountsOf(device: BlockDevice, mounts: readonly Mount[]): Mount[] {
  const direct = mounts.filter((m) => m.devNumber === device.devNumber);
  if (direct.length > 0) return direct;
  const beside = xfsMountsBeside(device, mounts);
  if (beside.length > 0) return beside;
  const names = [`/dev/${device.name}`, ...(device.dmName === undefined ? [] : [`/dev/mapper/${device.dmName}`])];
  return mounts.filter((m) => m.fsType === 'btrfs' && names.includes(m.source.text));
}

function uppersOf(device: BlockDevice, all: readonly BlockDevice[]) {
  const uppers = all.filter((d) => d.partitionOf?.disk === device.name || device.holders.includes(d.name));
  const through: { readonly upper: BlockDevice; readonly layer: StackLayer }[] = [];
  const opaque = device.holders.filter((name) => !uppers.some((u) => u.name === name));
  for (const upper of uppers) {
    const layer = stackLayers.find((l) => l.matches(upper));
    if (layer === undefined) opaque.push(upper.name);
    else through.push({ upper, layer });
  }
  return { through, opaque };
}

function mapSegments(
  below: BlockDevice,
  upper: BlockDevice,
  layer: StackLayer,
  segments: readonly Segment[],
  shown: Run[],
): Segment[] {
  return segments.flatMap((s) => {
    const whole: Extent = { device: below.name, ...s.on };
    return layer.mapUp(upper, whole).map((mapped): Segment => {
      shown.push(mapped.below);
      const into = mapped.below.start - s.on.start;
      const passed = s.layers.map((l) => ({ ...l, ...run(l.start + into, mapped.below.count) }));
      const last: LayerExtent = {
        device: upper.name,
        kind: layer.kind,
        start: mapped.above.start,
        count: mapped.above.count,
      };
      return { asked: s.asked + into, on: run(mapped.above.start, mapped.above.count), layers: [...passed, last] };
    });
  });
}

function cutSegments(segments: readonly Segment[], keep: (r: Run) => readonly Run[]): Segment[] {
  return segments.flatMap((s) =>
    keep(s.on).map((part) => {
      const into = part.start - s.on.start;
      const layers = s.layers.map((l) => ({ ...l, ...run(l.start + into, part.count) }));
      return { asked: s.asked + into, on: part, layers };
    }),
  );
}

function settleUnpartitioned(
  disk: BlockDevice,
  segments: readonly Segment[],
  io: FilesystemIo,
  settle: (segments: readonly Segment[], what: Omit<Owner, 'device' | 'start' | 'count' | 'layers'>) => void,
): void {
  if (segments.length === 0) return;
  const head = readHead(disk, partitionTableBytes(disk), io);
  const table = partitionTableRuns(disk, head.kind === 'ok' ? head.raw : undefined);
  settle(
    cutSegments(segments, (r) => intersect([r], table)),
    { kind: 'hidden', metadata: 'partition table' },
  );
  settle(
    cutSegments(segments, (r) => subtract([r], table)),
    { kind: 'raw', metadata: 'unpartitioned' },
  );
}

function contentOf(device: BlockDevice, io: FilesystemIo): string {
  const head = readHead(device, RECOGNIZE_BYTES, io);
  if (head.kind === 'failed') return `content unknown: its start cannot be read (${head.reason})`;
  const tail = readEnd(device, io);
  const what = recognize(head.raw, tail);
  if (what === 'swap space') return isActiveSwap(device, io) ? 'swap space in use' : 'swap space, not in use';
  return what.endsWith('file system') ? `${what}, not mounted` : what;
}

function readHead(device: BlockDevice, bytes: number, io: FilesystemIo) {
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
  try {
    const lines = Buffer.from(io.readProc('swaps')).toString('latin1').split('\n');
    return lines.some((line) => line.split(/\s/)[0] === `/dev/${device.name}`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Whether a run lies on the device at all. */
export function isOn(device: BlockDevice, r: Run): boolean {
  return endOf(r) <= device.size;
}
