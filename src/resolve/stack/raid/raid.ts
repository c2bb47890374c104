import { clip, type Extent, extent, run } from '../../../model/extent.ts';
import type { MemberState, Raid, RaidMember } from '../../../model/stack.ts';
import type { Copies, CopyLeg, MappedExtent, MappedUp } from '../layer.ts';
import { type RaidGeometry, type Recovery, type Spot, sizesBySlot } from './geometry.ts';
import { linearGeometry } from './linear.ts';
import { parityGeometry } from './parity.ts';
import { raid0Geometry } from './raid0.ts';
import { raid1Geometry } from './raid1.ts';
import { raid10Geometry } from './raid10.ts';

/** Where an array shows itself: all of an md device, or one row of a device-mapper table. */
export interface ArrayWindow {
  readonly device: string;
  readonly start: number;
  readonly count: number;
  /** for people */
  readonly label: string;
}

/** What an array does with sectors of a member's data. `below` lies within them. */
export function raidUp(raid: Raid, member: RaidMember, window: ArrayWindow, below: Extent): MappedUp[] {
  const geometry = geometryFor(raid, window);
  if (typeof geometry === 'string') return [{ part: 'unknown', below, reason: geometry }];
  return geometry.up(member.slot, below.start - member.dataStart, below.count).flatMap((p): MappedUp[] => {
    const piece = extent(below.device, member.dataStart + p.at, p.count);
    const copies = copiesOf(raid, window, p.recovery, p.count);
    const found = copies === undefined ? {} : { copies };
    switch (p.holds.kind) {
      case 'data':
        return [
          {
            part: 'shown',
            below: piece,
            above: extent(window.device, window.start + p.holds.array, p.count),
            ...found,
          },
        ];
      case 'parity':
        return [{ part: 'hidden', below: piece, what: `RAID parity of ${window.label}`, ...found }];
      case 'unused':
        return [];
      default:
        return p.holds satisfies never;
    }
  });
}

/** Where sectors of an array lie on its members; missing members have no place. */
export function raidDown(raid: Raid, window: ArrayWindow, above: Extent): MappedExtent[] {
  const geometry = geometryFor(raid, window);
  const inside = clip(above, run(window.start, window.count));
  if (typeof geometry === 'string' || inside === undefined) return [];
  return geometry.down(inside.start - window.start, inside.count).flatMap((p): MappedExtent[] => {
    const member = memberAt(raid, p.spot.slot);
    if (member === undefined) return [];
    const copies = copiesOf(raid, window, p.recovery, p.count);
    return [
      {
        below: extent(member.device, member.dataStart + p.spot.at, p.count),
        above: extent(window.device, window.start + p.array, p.count),
        ...(copies === undefined ? {} : { copies }),
      },
    ];
  });
}

/** Every pass asks for every chunk; an array's parameters never change in place. */
const geometries = new WeakMap<Raid, RaidGeometry | string>();

function geometryFor(raid: Raid, window: ArrayWindow): RaidGeometry | string {
  let geometry = geometries.get(raid);
  if (geometry === undefined) {
    geometry =
      geometryOf(raid) ?? `the arrangement of ${window.label} (${raid.level}, layout ${raid.layout}) is not known`;
    geometries.set(raid, geometry);
  }
  if (typeof geometry === 'string' || geometry.size === window.count) return geometry;
  return `${window.label} has ${window.count} sectors, its parameters give ${geometry.size}: it is not what they say`;
}

function geometryOf(raid: Raid): RaidGeometry | undefined {
  const { level, disks, chunk, layout, memberSize } = raid;
  if (level !== 'linear' && level !== 'raid1' && chunk === 0) return undefined;
  switch (level) {
    case 'linear':
    case 'raid0': {
      const sizes = sizesBySlot(raid);
      if (sizes === undefined) return undefined;
      return level === 'linear' ? linearGeometry(sizes) : raid0Geometry(sizes, chunk, layout);
    }
    case 'raid1':
      return raid1Geometry(disks, memberSize);
    case 'raid10':
      return raid10Geometry(disks, chunk, layout, memberSize);
    case 'raid4':
    case 'raid5':
    case 'raid6':
      return parityGeometry(level, disks, chunk, layout, memberSize);
    default:
      return level satisfies never;
  }
}

/** A slot has two members while one replaces the other: the one that is in sync counts. */
function memberAt(raid: Raid, slot: number): RaidMember | undefined {
  const all = raid.members.filter((m) => m.slot === slot);
  return all.find((m) => m.state === 'in sync') ?? all[0];
}

function copiesOf(raid: Raid, window: ArrayWindow, recovery: Recovery | undefined, count: number): Copies | undefined {
  if (recovery === undefined) return undefined;
  const legs = recovery.others.map((spot) => legAt(raid, spot, count));
  const doubt = raid.doubt === undefined ? {} : { doubt: raid.doubt };
  return { of: window.label, need: recovery.need, legs, ...doubt };
}

function legAt(raid: Raid, { slot, at }: Spot, count: number): CopyLeg {
  const member = memberAt(raid, slot);
  if (member === undefined) return { device: '', start: at, state: 'missing', bad: [] };
  const rebuilt = member.rebuilt !== undefined && at + count <= member.rebuilt;
  const state: MemberState = member.state === 'out of sync' && rebuilt ? 'in sync' : member.state;
  return { device: member.device, start: member.dataStart + at, state, bad: member.bad };
}
