import { errnoOf, messageOf } from '../model/errors.ts';
import { clip, type Extent, extent, type Run } from '../model/extent.ts';
import { bytesOfPath } from '../model/path.ts';
import type { LoopBacking } from '../model/stack.ts';
import type { BlockDevice } from '../model/topology.ts';
import { bytesFromSectors, sectorCount, sectorsCovering, wholeSectors } from '../model/units.ts';
import type { FilesystemIo } from '../ports.ts';
import { type HostFacts, obstacleOf } from './climb.ts';
import { type FiemapExtent, isPlaced } from './fs/fiemap.ts';
import { createExtentReader } from './fs/file-extents.ts';
import { type Copies, shiftCopies } from './stack/layer.ts';
import { stackLayers } from './stack/layers.ts';
import { backingFile } from './stack/loop.ts';

/** Where sectors of a device lie at the bottom of the stack. */
export interface Landing {
  readonly on: Extent;
  /** sectors from the start of what was asked */
  readonly into: number;
  /** where the layers passed keep the same data besides; each for the first sector of `on` */
  readonly copies: readonly Copies[];
  /** sectors of `on` that a layer itself knows as bad (md's lists); the way down goes on besides */
  readonly known?: readonly Run[];
}
export interface Descent {
  readonly landings: readonly Landing[];
  /** what could not be followed, in words */
  readonly obstacles: readonly string[];
}
export interface Descender {
  /** Down to devices with a list of their own, or to the bottom. */
  descend(at: Extent): Descent;
}

type Holder =
  | { readonly kind: 'ok'; readonly device: BlockDevice }
  | { readonly kind: 'failed'; readonly reason: string };
/** More than any host has: a loop in what was read ends here. */
const MAX_LAYERS = 24;

export function createDescender(deps: {
  readonly facts: HostFacts;
  readonly io: FilesystemIo;
  readonly hasList: (device: string) => boolean;
  /** the block device that holds an open file of the file system with this device number */
  readonly holding: (devNumber: string, fd: number) => Holder;
}): Descender {
  const { facts, io, hasList, holding } = deps;
  const files = new Map<string, LoopFile | string>();
  const fileOf = (device: BlockDevice, backing: LoopBacking): LoopFile | string => {
    const known = files.get(device.name) ?? readLoopFile(device, backing, io, holding);
    files.set(device.name, known);
    return known;
  };

  function step(at: Extent, into: number, copies: readonly Copies[], depth: number, out: Collected): void {
    const device = facts.blockDevices.find((d) => d.name === at.device);
    if (device === undefined || hasList(device.name)) {
      out.landings.push({ on: at, into, copies });
      return;
    }
    if (depth > MAX_LAYERS) {
      out.obstacles.add(`more than ${MAX_LAYERS} layers stand on each other`);
      return;
    }
    const layer = stackLayers.find((l) => l.matches(device));
    if (layer !== undefined) {
      let covered = 0;
      let end = 0;
      for (const part of layer.mapDown(device, at)) {
        const by = part.above.start - at.start;
        if (part.above.start + part.above.count > end) {
          covered += part.above.start + part.above.count - Math.max(end, part.above.start);
          end = part.above.start + part.above.count;
        }
        const passed = copies.map((c) => shiftCopies(c, by));
        const all = part.copies === undefined ? passed : [...passed, part.copies];
        const known = knownBad(device, part.below);
        if (known.length > 0) out.landings.push({ on: part.below, into: into + by, copies: all, known });
        step(part.below, into + by, all, depth + 1, out);
      }
      if (covered < at.count)
        out.obstacles.add(`where all of it lies below ${device.label ?? device.name} is not known`);
      return;
    }
    if (device.assembly?.kind === 'loop') {
      const file = fileOf(device, device.assembly);
      if (typeof file === 'string') out.obstacles.add(`${device.name}: ${file}`);
      else stepThroughFile(file, at, into, copies, depth, out);
      return;
    }
    if (device.slaves.length > 0 || device.assembly !== undefined) {
      out.obstacles.add(`it lies on ${device.label ?? device.name}: ${obstacleOf(device)}`);
      return;
    }
    out.landings.push({ on: at, into, copies });
  }

  function stepThroughFile(
    file: LoopFile,
    at: Extent,
    into: number,
    copies: readonly Copies[],
    depth: number,
    out: Collected,
  ): void {
    // a hole of the file has no place, and so no bad sector
    for (const e of file.extents) {
      const shown = sectorsOf(e, file.offset, at);
      if (shown === undefined) continue;
      if (!isPlaced(e)) {
        out.obstacles.add(`a part of the file behind ${at.device} has no place that is told`);
        continue;
      }
      const by = shown.start - at.start;
      const below = extent(file.device.name, wholeSectors(e.physical) + shown.skipped, shown.count);
      step(
        below,
        into + by,
        copies.map((c) => shiftCopies(c, by)),
        depth + 1,
        out,
      );
    }
  }

  return {
    descend(at) {
      const out: Collected = { landings: [], obstacles: new Set() };
      step(at, 0, [], 0, out);
      return { landings: out.landings, obstacles: [...out.obstacles] };
    },
  };
}

interface Collected {
  readonly landings: Landing[];
  readonly obstacles: Set<string>;
}
interface LoopFile {
  readonly device: BlockDevice;
  readonly extents: readonly FiemapExtent[];
  /** sectors of the file before the device's first */
  readonly offset: number;
}

/** The sectors of `at`, on a loop device, that an extent of its file holds, and how far into the extent they start. */
function sectorsOf(e: FiemapExtent, offset: number, at: Run) {
  const first = wholeSectors(e.logical) - offset;
  const from = Math.max(first, at.start);
  const to = Math.min(first + sectorsCovering(e.logical, e.length), at.start + at.count);
  return from < to ? { start: from, count: sectorCount(to - from), skipped: from - first } : undefined;
}

function knownBad({ assembly }: BlockDevice, below: Extent): Run[] {
  if (assembly?.kind !== 'md') return [];
  const member = assembly.raid.members.find((m) => m.device === below.device);
  return (member?.bad ?? []).map((r) => clip(r, below)).filter((r) => r !== undefined);
}

/** The extents of the file behind a loop device, when the path still leads to that very file. */
function readLoopFile(
  device: BlockDevice,
  backing: LoopBacking,
  io: FilesystemIo,
  holding: (devNumber: string, fd: number) => Holder,
): LoopFile | string {
  if (bytesFromSectors(wholeSectors(backing.offset)) !== backing.offset) return 'it starts within a sector of its file';
  const expected = backingFile(device, io);
  if (expected === undefined) return 'it does not tell its file';
  try {
    const fd = io.openPath(bytesOfPath(backing.file), 'file', true);
    try {
      const status = io.status(fd);
      if (status.inode !== expected.inode || status.devNumber !== expected.devNumber) {
        return `${backing.file.text} is not its file any more`;
      }
      const where = holding(status.devNumber, fd);
      if (where.kind === 'failed') return where.reason;
      const extents = createExtentReader(io).read(fd);
      return { device: where.device, extents, offset: wholeSectors(backing.offset) };
    } finally {
      io.close(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return `its file cannot be looked at (${messageOf(error)})`;
  }
}
