import { endOf, intersect, type Run, run, subtract } from '../model/extent.ts';
import type { LayerExtent, Owner, OwnerDraft } from '../model/owner.ts';
import type { BlockDevice, Mount, TopologyProblem } from '../model/topology.ts';
import { type SectorCount, sector } from '../model/units.ts';
import type { FilesystemIo } from '../ports.ts';
import { xfsMountsBeside } from './fs/xfs/side-devices.ts';
import { contentOf, readHead } from './stack/content.ts';
import { type Copies, type StackLayer, shiftCopies } from './stack/layer.ts';
import { stackLayers } from './stack/layers.ts';
import { isLoopOn } from './stack/loop-device.ts';
import { partitionTableBytes, partitionTableRuns } from './stack/partition-table.ts';
import { BTT_CONTENT, RECOGNIZE_BYTES } from './stack/recognize.ts';
import { unusedParts } from './stack/unused.ts';

/** Sectors as the asked device and the device they were followed to see them. */
export interface Segment {
  /** sector on the asked device where `on` starts */
  readonly asked: number;
  readonly on: Run;
  /** the layers passed, from the asked device upwards; each `start` belongs to `on.start` */
  readonly layers: readonly LayerExtent[];
  /** where the layers passed keep the same data besides; each for the first sector of `on` */
  readonly copies: readonly Copies[];
  /** what the file system beneath a loop device says of other copies of the file's data */
  readonly elsewhere?: NonNullable<Owner['goodCopy']>;
}
/** An owner without its place. */
export type OwnerFacts = Omit<Owner, 'device' | 'start' | 'count' | 'layers'>;
export interface Found {
  readonly segment: Segment;
  readonly what: OwnerFacts;
}
/** A device with a mounted file system, or with a BTT that nothing uses, and the asked sectors that lie on it. */
export interface Leaf {
  readonly device: BlockDevice;
  /** none: it is a BTT */
  readonly mounts: readonly Mount[];
  readonly segments: readonly Segment[];
}
export interface Climb {
  readonly leaves: readonly Leaf[];
  /** what needs no file system */
  readonly owners: readonly Found[];
}
/** A character device that shows persistent memory to be mapped, `dax0.0`. */
export interface DaxDevice {
  readonly name: string;
  /** `252:0` */
  readonly devNumber: string;
  readonly size: SectorCount;
}
export interface HostFacts {
  readonly blockDevices: readonly BlockDevice[];
  readonly daxDevices?: readonly DaxDevice[];
  readonly mounts: readonly Mount[];
  /** what could not be looked at: a device without a mount or holder may then have some */
  readonly problems?: readonly TopologyProblem[];
  /** the kernel's lists, by disk; a disk with a list that is not in it could not be read */
  readonly badRuns?: ReadonlyMap<string, readonly Run[]>;
}

/** Deeper stacks than this are cut off: a host has a handful of layers, a loop in what was read has no end. */
const MAX_LAYERS = 24;

/** Follows sectors of a device up the block stack: partitions and so on, to file systems or to whatever else is there. */
export function climb(asked: BlockDevice, from: readonly Segment[], facts: HostFacts, io: FilesystemIo): Climb {
  const leaves = new Map<string, { device: BlockDevice; mounts: readonly Mount[]; segments: Segment[] }>();
  const owners: Found[] = [];
  const settle = (segments: readonly Segment[], what: OwnerFacts): void => {
    for (const segment of segments) owners.push({ segment, what });
  };
  const visit = (device: BlockDevice, segments: readonly Segment[], depth: number): void => {
    if (segments.length === 0) return;
    const mounts = mountsOf(device, facts.mounts);
    const ask = (): void => {
      const leaf = leaves.get(device.name) ?? { device, mounts, segments: [] };
      for (const s of segments) leaf.segments.push(s);
      leaves.set(device.name, leaf);
    };
    if (mounts.length > 0) {
      ask();
      return;
    }
    const { uppers, obstacles } = uppersOf(device, facts.blockDevices);
    if (depth >= MAX_LAYERS) {
      settle(segments, { kind: 'unknown', reason: `more than ${MAX_LAYERS} layers stand on each other` });
      return;
    }
    if (uppers.length === 0 && obstacles.length === 0) {
      const what = unusedDevice(device, facts, io);
      if (what.kind === 'raw' && what.metadata === BTT_CONTENT) ask();
      else settle(segments, what);
      return;
    }
    const used: Run[] = [];
    for (const { upper, layer } of uppers) {
      const mapped = mapSegments(device, upper, layer, segments);
      for (const r of mapped.used) used.push(r);
      owners.push(...mapped.kept);
      visit(upper, mapped.shown, depth + 1);
    }
    const rest = cutSegments(segments, (r) => subtract([r], used));
    if (obstacles.length > 0) settle(rest, { kind: 'unknown', reason: obstacles.join('; ') });
    else if (rest.length > 0)
      settleUnused(
        device,
        uppers.map((u) => u.upper),
        rest,
        io,
        settle,
      );
  };
  visit(asked, from, 0);
  return { leaves: [...leaves.values()], owners };
}

/** Makes an owner of sectors `part` of `segment.on` one on the asked device. */
export function placeOn(owner: OwnerDraft, askedDevice: string, segment: Segment, part: Run): void {
  const into = part.start - segment.on.start;
  owner.device = askedDevice;
  owner.start = sector(segment.asked + into);
  owner.count = part.count;
  if (segment.layers.length > 0) owner.layers = cutLayers(segment, part);
}

/** The part of a segment that lies on `part`. */
export function cut(s: Segment, part: Run): Segment {
  const into = part.start - s.on.start;
  return {
    ...s,
    asked: s.asked + into,
    on: run(part.start, part.count),
    layers: cutLayers(s, part),
    copies: copiesOf(s, part),
  };
}
function cutLayers(s: Segment, part: Run): LayerExtent[] {
  return s.layers.map((l) => ({ ...l, ...run(l.start + part.start - s.on.start, part.count) }));
}
/** Where the layers passed keep the data of `part` besides. */
export function copiesOf(s: Segment, part: Run): readonly Copies[] {
  return s.copies.length === 0 ? s.copies : s.copies.map((c) => shiftCopies(c, part.start - s.on.start));
}

/** Mounts of a device; file systems with device numbers of their own (btrfs) are known by one of their devices, and an XFS is
 * also on the devices of its journal and realtime part. */
export function mountsOf(device: BlockDevice, mounts: readonly Mount[]): Mount[] {
  const direct = mounts.filter((m) => m.devNumber === device.devNumber);
  if (direct.length > 0) return direct;
  const beside = xfsMountsBeside(device, mounts);
  if (beside.length > 0) return beside;
  const names = [...devicePaths(device), ...(device.mountedAs ?? [])];
  return mounts.filter((m) => m.fsType === 'btrfs' && names.includes(m.source.text));
}

/** What the kernel calls a device in mounts. */
export function devicePaths({ name, dmName }: BlockDevice): string[] {
  return [`/dev/${name}`, ...(dmName === undefined ? [] : [`/dev/mapper/${dmName}`])];
}

function uppersOf(device: BlockDevice, all: readonly BlockDevice[]) {
  const found = all.filter(
    (d) => d.partitionOf?.disk === device.name || device.holders.includes(d.name) || isLoopOn(d, device.name),
  );
  const uppers: { readonly upper: BlockDevice; readonly layer: StackLayer }[] = [];
  const obstacles = device.holders
    .filter((name) => !found.some((u) => u.name === name))
    .map((name) => `below ${name}, which could not be looked at`);
  for (const upper of found) {
    const layer = stackLayers.find((l) => l.matches(upper));
    if (layer !== undefined) uppers.push({ upper, layer });
    else obstacles.push(`below ${upper.label ?? upper.name}: ${obstacleOf(upper)}`);
  }
  return { uppers, obstacles };
}

/** Why a device cannot be looked through. */
export function obstacleOf({ kind, assembly }: BlockDevice): string {
  if (assembly?.kind === 'unread') return assembly.reason;
  return kind === 'dm' ? 'its device-mapper table was not read' : 'what it is made of is not known';
}

/** What one upper device does with segments of `below`. */
function mapSegments(below: BlockDevice, upper: BlockDevice, layer: StackLayer, segments: readonly Segment[]) {
  const shown: Segment[] = [];
  const kept: Found[] = [];
  const used: Run[] = [];
  for (const s of segments) {
    for (const mapped of layer.mapUp(upper, { device: below.name, ...s.on })) {
      used.push(mapped.below);
      const passed = cut(s, mapped.below);
      if (mapped.part === 'unknown') {
        kept.push({ segment: passed, what: { kind: 'unknown', reason: mapped.reason } });
        continue;
      }
      const copies = mapped.copies === undefined ? passed.copies : [...passed.copies, mapped.copies];
      if (mapped.part === 'hidden') {
        const reason = mapped.reason === undefined ? {} : { reason: mapped.reason };
        kept.push({ segment: { ...passed, copies }, what: { kind: 'hidden', metadata: mapped.what, ...reason } });
        continue;
      }
      const { start, count } = mapped.above;
      const last: LayerExtent = {
        device: upper.name,
        ...(upper.label === undefined ? {} : { name: upper.label }),
        kind: layer.kindAt(upper, start),
        start,
        count,
      };
      shown.push({ ...passed, on: run(start, count), layers: [...passed.layers, last], copies });
    }
  }
  return { shown, kept, used };
}

function cutSegments(segments: readonly Segment[], keep: (r: Run) => readonly Run[]): Segment[] {
  return segments.flatMap((s) => keep(s.on).map((part) => cut(s, part)));
}

type Settle = (segments: readonly Segment[], what: OwnerFacts) => void;

/** What no upper device shows of a device that has some. */
function settleUnused(
  device: BlockDevice,
  uppers: readonly BlockDevice[],
  segments: readonly Segment[],
  io: FilesystemIo,
  settle: Settle,
): void {
  if (uppers.some((u) => u.partitionOf !== undefined)) {
    settleUnpartitioned(device, segments, io, settle);
    return;
  }
  const head = readHead(device, RECOGNIZE_BYTES, io);
  const { reserved, what, rest } = unusedParts(head.kind === 'ok' ? head.raw : undefined, device, uppers);
  settle(
    cutSegments(segments, (r) => intersect([r], reserved)),
    { kind: 'hidden', metadata: what },
  );
  settle(
    cutSegments(segments, (r) => subtract([r], reserved)),
    { kind: 'raw', metadata: rest },
  );
}

function settleUnpartitioned(disk: BlockDevice, segments: readonly Segment[], io: FilesystemIo, settle: Settle): void {
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

/**
 * A device that nothing mounts or holds, as far as is known. Where the mounts or its holders could not be read, or its own
 * start, it may well be in use: that is unknown, and its sectors must not be told as free to overwrite.
 */
function unusedDevice(device: BlockDevice, facts: HostFacts, io: FilesystemIo): OwnerFacts {
  const doubts = (facts.problems ?? [])
    .filter(({ subject }) => subject === device.name || subject.endsWith('/mountinfo'))
    .map(({ subject, reason }) => `${subject} ${reason}`);
  const content = contentOf(device, io);
  if (content.kind === 'ok' && doubts.length === 0) return { kind: 'raw', metadata: content.what };
  const what = content.kind === 'ok' ? content.recognized : `its start cannot be read (${content.reason})`;
  return { kind: 'unknown', reason: ['no mount or holder of it is known', what, ...doubts].join('; ') };
}

/** Whether a run lies on the device at all. */
export function isOn(device: Pick<BlockDevice, 'size'>, r: Run): boolean {
  return endOf(r) <= device.size;
}
