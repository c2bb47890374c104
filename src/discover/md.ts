import { coalesce, type Run, run } from '../model/extent.ts';
import type { Assembly, MdArray, MemberState, Raid, RaidLevel, RaidMember } from '../model/stack.ts';
import { type SectorCount, sector, sectorCount, wholeSectors } from '../model/units.ts';
import type { KernelTree } from '../ports.ts';
import { type Attributes, readAttributes } from './attributes.ts';
import { byName, listNames, type Problems } from './look.ts';

const ARRAY = ['level', 'raid_disks', 'chunk_size', 'layout', 'component_size', 'metadata_version'];
const PROGRESS = ['sync_action', 'reshape_position', 'array_state'];
const MEMBER = ['slot', 'offset', 'size', 'state', 'recovery_start', 'bad_blocks', 'unacknowledged_bad_blocks'];

const levels: readonly RaidLevel[] = ['linear', 'raid0', 'raid1', 'raid4', 'raid5', 'raid6', 'raid10'];

/**
 * An md array from its attributes (drivers/md/md.c; Documentation/admin-guide/md.rst): sizes in KiB, chunks in bytes,
 * offsets in sectors. What is being reshaped, or is of a level that is not known, is told as unread with the reason.
 */
export async function readMdArray(
  sysfs: KernelTree,
  name: string,
  size: SectorCount,
  problems: Problems,
): Promise<Assembly> {
  const path = `block/${name}/md`;
  const [array, entries] = await Promise.all([
    readAttributes(sysfs, path, [...ARRAY, ...PROGRESS]),
    listNames(sysfs, path, problems, name),
  ]);
  const devices = (entries ?? []).filter((entry) => entry.startsWith('dev-')).sort(byName);
  const members = await Promise.all(
    devices.map(async (entry) => ({
      device: entry.slice('dev-'.length),
      attributes: await readAttributes(sysfs, `${path}/${entry}`, MEMBER),
    })),
  );
  try {
    return parseMdArray(array, members, size);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return { kind: 'unread', reason: `md array: ${error.message}` };
  }
}

/** Why an array cannot be looked through, in words. */
class Unfit extends Error {}

interface Component {
  readonly device: string;
  readonly attributes: Attributes;
}

function parseMdArray(a: Attributes, components: readonly Component[], size: SectorCount): MdArray {
  const level = levels.find((known) => known === a.text('level'));
  if (level === undefined) throw new Unfit(`its level is ${a.text('level') ?? 'not told'}`);
  // "none" where no reshape goes on; layout and chunk_size are then one number, else "new (old)"
  const reshape = a.text('reshape_position') ?? 'none';
  const action = a.text('sync_action');
  if (reshape !== 'none' || action === 'reshape') throw new Unfit('it is being reshaped');
  const number = (name: string, usual?: number): number => {
    const text = a.text(name);
    const value = text === undefined ? usual : /^\d+$/.test(text) ? Number(text) : undefined;
    if (value === undefined) throw new Unfit(`its ${name} is ${text ?? 'not told'}`);
    return value;
  };
  const memberSize = fromKib(number('component_size', 0));
  const members: RaidMember[] = [];
  const idle: { device: string; role: string }[] = [];
  for (const component of components) {
    const role = idleRole(component);
    if (role === undefined) members.push(parseMember(component));
    else idle.push({ device: component.device, role });
  }
  const raid: Raid = {
    level,
    disks: number('raid_disks'),
    chunk: wholeSectors(number('chunk_size', 0)),
    // raid0 without zones that differ has none
    layout: a.text('layout') === '-1' ? 0 : number('layout', 0),
    // a mirror's size may be odd, which KiB do not tell
    memberSize: level === 'raid1' && size - memberSize === 1 ? size : memberSize,
    members,
    ...(action === 'resync' && { doubt: 'resync is under way' }),
  };
  return { kind: 'md', raid, metadata: a.text('metadata_version') ?? '', idle };
}

function fromKib(kib: number): SectorCount {
  return wholeSectors(kib * 1024);
}

function flagsOf({ attributes }: Component): readonly string[] {
  return attributes.text('state')?.split(',') ?? [];
}

/** Devices that belong to the array and hold none of its data. */
function idleRole(component: Component): string | undefined {
  const slot = component.attributes.text('slot');
  if (slot === 'journal' || flagsOf(component).includes('journal')) return 'md write journal';
  if (slot === undefined || slot === 'none')
    return flagsOf(component).includes('faulty') ? 'failed md member' : 'md spare';
  return undefined;
}

function parseMember(component: Component): RaidMember {
  const { device, attributes: a } = component;
  const number = (name: string): number => {
    const text = a.text(name);
    if (text === undefined || !/^\d+$/.test(text)) throw new Unfit(`${name} of ${device} is ${text ?? 'not told'}`);
    return Number(text);
  };
  const rebuilt = a.text('recovery_start');
  const lists = ['bad_blocks', 'unacknowledged_bad_blocks'].flatMap((name) => parseMdBadBlocks(a.text(name)));
  return {
    device,
    slot: number('slot'),
    dataStart: sector(number('offset')),
    dataSize: fromKib(number('size')),
    state: stateOf(flagsOf(component)),
    ...(rebuilt !== undefined && /^\d+$/.test(rebuilt) && { rebuilt: sectorCount(Number(rebuilt)) }),
    bad: coalesce(lists),
  };
}

function stateOf(flags: readonly string[]): MemberState {
  if (flags.includes('faulty')) return 'failed';
  if (flags.includes('in_sync')) return 'in sync';
  return flags.length === 0 ? 'unknown' : 'out of sync';
}

/** "start count" a line, in sectors of the member, data offset included (drivers/md/md.c rdev_set_badblocks). */
function parseMdBadBlocks(text: string | undefined): Run[] {
  return (text ?? '').split('\n').flatMap((line): Run[] => {
    const [, start, count] = /^(\d{1,15}) (\d{1,15})$/.exec(line) ?? [];
    return start === undefined || count === undefined ? [] : [run(Number(start), Number(count))];
  });
}
