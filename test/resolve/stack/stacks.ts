import type { Assembly, DmMap, DmTarget, Raid, RaidMember } from '../../../src/model/stack.ts';
import type { BlockDevice } from '../../../src/model/topology.ts';
import { bytes, sector, sectorCount } from '../../../src/model/units.ts';

let minor = 0;

export function device(name: string, size: number, more: Partial<BlockDevice> = {}): BlockDevice {
  return {
    name,
    devNumber: `259:${minor++}`,
    size: sectorCount(size),
    logicalBlockBytes: bytes(512),
    kind: 'disk',
    holders: [],
    slaves: [],
    hasBadblocks: false,
    dax: false,
    ...more,
  };
}

/** A device-mapper device of targets one after the other: [type, sectors, what it does]. */
export function mapped(name: string, rows: readonly (readonly [string, number, DmMap])[], label = name): BlockDevice {
  let start = 0;
  const targets = rows.map(([type, count, map]): DmTarget => {
    const target = { start: sector(start), count: sectorCount(count), type, map };
    start += count;
    return target;
  });
  return device(name, start, { kind: 'dm', label, assembly: { kind: 'dm', targets } });
}
export function leg(name: string, start: number) {
  return { device: name, start: sector(start) };
}

export function member(name: string, slot: number, more: Partial<RaidMember> = {}): RaidMember {
  return {
    device: name,
    slot,
    dataStart: sector(2048),
    dataSize: sectorCount(1024),
    state: 'in sync',
    bad: [],
    ...more,
  };
}
export function raid(level: Raid['level'], members: readonly RaidMember[], more: Partial<Raid> = {}): Raid {
  return {
    level,
    disks: members.length,
    chunk: sectorCount(level === 'raid1' || level === 'linear' ? 0 : 64),
    layout: level === 'raid10' ? 0x102 : level === 'raid5' ? 2 : 0,
    memberSize: sectorCount(1024),
    members,
    ...more,
  };
}
export function array(name: string, size: number, of: Raid, more: Partial<Extract<Assembly, { kind: 'md' }>> = {}) {
  return device(name, size, {
    kind: 'md',
    slaves: of.members.map((m) => m.device),
    assembly: { kind: 'md', raid: of, metadata: '1.2', idle: [], ...more },
  });
}
/** Holders and slaves as the kernel would show them. */
export function stacked(devices: readonly BlockDevice[], edges: readonly (readonly [string, string])[]): BlockDevice[] {
  return devices.map((d) => ({
    ...d,
    holders: edges.filter(([below]) => below === d.name).map(([, above]) => above),
    slaves: edges.filter(([, above]) => above === d.name).map(([below]) => below),
  }));
}
