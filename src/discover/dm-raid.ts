import type { DmMap, MemberState, Raid, RaidLevel, RaidMember } from '../model/stack.ts';
import { sector, sectorCount } from '../model/units.ts';
import type { DmRow } from '../ports.ts';

interface RaidType {
  readonly level: RaidLevel;
  /** md's number of the arrangement; raid10's follows from its format and copies */
  readonly layout?: number;
  readonly format?: string;
}
/** drivers/md/dm-raid.c raid_types; what it calls raid4 is md's level 5 with the parity on the first member */
const types: Readonly<Record<string, RaidType>> = {
  raid0: { level: 'raid0', layout: 0 },
  raid1: { level: 'raid1', layout: 0 },
  raid10: { level: 'raid10', format: 'near' },
  raid10_near: { level: 'raid10', format: 'near' },
  raid10_offset: { level: 'raid10', format: 'offset' },
  raid10_far: { level: 'raid10', format: 'far' },
  raid4: { level: 'raid5', layout: 4 },
  raid5_n: { level: 'raid5', layout: 5 },
  raid5_ls: { level: 'raid5', layout: 2 },
  raid5_rs: { level: 'raid5', layout: 3 },
  raid5_la: { level: 'raid5', layout: 0 },
  raid5_ra: { level: 'raid5', layout: 1 },
  raid6_zr: { level: 'raid6', layout: 8 },
  raid6_nr: { level: 'raid6', layout: 9 },
  raid6_nc: { level: 'raid6', layout: 10 },
  raid6_n_6: { level: 'raid6', layout: 5 },
  raid6_ls_6: { level: 'raid6', layout: 18 },
  raid6_rs_6: { level: 'raid6', layout: 19 },
  raid6_la_6: { level: 'raid6', layout: 16 },
  raid6_ra_6: { level: 'raid6', layout: 17 },
};
/** Options without a value; all others have one. */
const BARE_OPTIONS = ['sync', 'nosync', 'raid10_use_near_sets'];
const FAR_OFFSET = 1 << 16;
/** not the bit below it, which md keeps for a broken form of the same */
const USE_FAR_SETS = 1 << 18;

/**
 * `<type> <#options> <chunk> [option [value]]... <#members> [<metadata> <data>]...`, `-` for a missing one. Status:
 * `<type> <members> <a letter each> <in sync>/<sectors> <action> <mismatches> <data offset> <journal>` (dm-raid.c
 * raid_status). Undefined for what is being reshaped or is not understood.
 */
export function parseDmRaid(row: DmRow, nameOf: (devNumber: string) => string): DmMap | undefined {
  const { parameters: words, status } = row;
  const type = types[words[0] ?? ''];
  const optionCount = Number(words[1]);
  if (type === undefined || !Number.isInteger(optionCount) || optionCount < 1) return undefined;
  const options = parseOptions(words.slice(3, 2 + optionCount));
  const disks = Number(words[2 + optionCount]);
  const devices = words.slice(3 + optionCount);
  if (!Number.isInteger(disks) || disks < 1 || devices.length !== 2 * disks) return undefined;
  const [, , letters = '', progress = '', action = '', , offset = '0'] = status;
  if (action === 'reshape' || options.has('delta_disks') || !/^\d+$/.test(offset)) return undefined;

  const layout = type.layout ?? raid10Layout(options.get('raid10_format') ?? type.format, options);
  const memberSize = memberSizeOf(type.level, row.count, disks, Number(options.get('raid10_copies') ?? 2));
  if (layout === undefined || memberSize === undefined) return undefined;
  const [done, all] = progress.split('/');
  const members = Array.from({ length: disks }, (_, slot): RaidMember | undefined => {
    const data = devices[2 * slot + 1];
    if (data === undefined || data === '-') return undefined;
    return {
      device: nameOf(data),
      slot,
      dataStart: sector(Number(offset)),
      dataSize: sectorCount(memberSize),
      state: stateOf(letters[slot]),
      bad: [],
    };
  }).filter((m) => m !== undefined);
  const raid: Raid = {
    level: type.level,
    disks,
    chunk: sectorCount(Number(words[2])),
    layout,
    memberSize: sectorCount(memberSize),
    members,
    ...((action === 'resync' || (action === '' && done !== all)) && { doubt: 'resync is under way' }),
  };
  const logs = devices.filter((device, i) => i % 2 === 0 && device !== '-').map(nameOf);
  return { kind: 'raid', raid, logs };
}

function parseOptions(words: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const name = words[i] as string;
    options.set(name, BARE_OPTIONS.includes(name) ? '' : (words[++i] ?? ''));
  }
  return options;
}

/** dm-raid.c raid10_format_to_md_layout */
function raid10Layout(format: string | undefined, options: ReadonlyMap<string, string>): number | undefined {
  const copies = Number(options.get('raid10_copies') ?? 2);
  const farSets = options.has('raid10_use_near_sets') ? 0 : USE_FAR_SETS;
  if (!Number.isInteger(copies) || copies < 2 || copies > 255) return undefined;
  if (format === 'near') return (1 << 8) | copies;
  if (format === 'far') return (copies << 8) | 1 | farSets;
  return format === 'offset' ? (copies << 8) | 1 | farSets | FAR_OFFSET : undefined;
}

/** dm-raid.c rs_set_dev_and_array_sectors */
function memberSizeOf(level: RaidLevel, length: number, disks: number, copies: number): number | undefined {
  if (level === 'raid1') return length;
  const parts = level === 'raid10' ? disks : disks - (level === 'raid6' ? 2 : level === 'raid5' ? 1 : 0);
  const size = (length * (level === 'raid10' ? copies : 1)) / parts;
  return Number.isInteger(size) ? size : undefined;
}

/** dm-raid.c __raid_dev_status: alive and in sync, alive, dead, missing */
function stateOf(letter: string | undefined): MemberState {
  return ({ A: 'in sync', a: 'out of sync', D: 'failed', '-': 'missing' } as const)[letter ?? ''] ?? 'unknown';
}
