import type { DmLeg, DmMap, DmMirrorLeg, DmTable, DmTarget, DmUse, MemberState, Unread } from '../model/stack.ts';
import type { BlockDevice } from '../model/topology.ts';
import { sector, sectorCount } from '../model/units.ts';
import type { DmRow } from '../ports.ts';
import { parseDmRaid } from './dm-raid.ts';

/** How the rows of tables name lower devices: `253:0`. */
const DEVICE = /^\d+:\d+$/;

/** Only changes what passes, or when: the sectors of its device in their order. Which parameter names the device. */
const passThrough: Readonly<Record<string, number>> = {
  linear: 0,
  delay: 0,
  flakey: 0,
  dust: 0,
  'snapshot-origin': 0,
  // cipher, key, iv offset, device, start (drivers/md/dm-crypt.c crypt_status)
  crypt: 3,
};

/** What the devices of other targets are used for, in the order in which the parameters name them. */
const roles: Readonly<Record<string, { readonly names: readonly string[]; readonly why: string }>> = {
  'thin-pool': {
    names: ['thin pool metadata', 'thin pool data'],
    why: 'which volume a block of the pool belongs to is in its metadata',
  },
  cache: {
    names: ['cache metadata', 'cache', 'cache origin'],
    why: 'what is cached, and so where the current data is, is in the metadata of the cache',
  },
  writecache: {
    names: ['writecache origin', 'writecache'],
    why: 'what is cached is in the metadata of the writecache',
  },
  snapshot: {
    names: ['snapshot origin', 'snapshot store'],
    why: 'which blocks were copied is in the store of the snapshot',
  },
  'snapshot-merge': {
    names: ['snapshot origin', 'snapshot store'],
    why: 'which blocks were copied is in the store of the snapshot',
  },
  thin: {
    names: ['thin pool', 'thin external origin'],
    why: 'where its blocks are in the pool is in the metadata of the pool',
  },
  integrity: { names: ['integrity device'], why: 'data and integrity tags are interleaved' },
  verity: { names: ['verity data', 'verity hashes'], why: 'a block with a wrong hash is not served' },
};

/**
 * The rows of a device-mapper table as discover tells them: nothing of a row but what its target is known to say is
 * kept, and of a target that is not known only which devices it names.
 */
export function parseDmTable(rows: readonly DmRow[], nameOf: (devNumber: string) => string): DmTable | Unread {
  const targets: DmTarget[] = [];
  for (const row of rows) {
    const map = mapOf(row, nameOf);
    if (map === undefined) return { kind: 'unread', reason: `device-mapper: a ${row.type} target makes no sense` };
    targets.push({ start: sector(row.start), count: sectorCount(row.count), type: row.type, map });
  }
  return { kind: 'dm', targets };
}

function mapOf(row: DmRow, nameOf: (devNumber: string) => string): DmMap | undefined {
  const words = row.parameters;
  const at = passThrough[row.type];
  if (at !== undefined) {
    const leg = legAt(words, at, nameOf, row.type === 'snapshot-origin');
    return leg === undefined ? undefined : { kind: 'linear', leg };
  }
  switch (row.type) {
    case 'striped':
      return striped(row, nameOf);
    case 'mirror':
      return mirror(row, nameOf);
    case 'raid':
      return parseDmRaid(row, nameOf);
    case 'error':
    case 'zero':
      return { kind: 'none' };
    default:
      return opaque(row, nameOf);
  }
}

function legAt(
  words: readonly string[],
  at: number,
  nameOf: (devNumber: string) => string,
  wholeDevice = false,
): DmLeg | undefined {
  const device = words[at];
  const start = wholeDevice ? '0' : words[at + 1];
  if (device === undefined || !DEVICE.test(device) || start === undefined || !/^\d+$/.test(start)) return undefined;
  return { device: nameOf(device), start: sector(Number(start)) };
}

/** `<legs> <chunk> [<device> <start>]...` */
function striped({ parameters: words, count }: DmRow, nameOf: (devNumber: string) => string): DmMap | undefined {
  const width = Number(words[0]);
  const chunk = Number(words[1]);
  if (!Number.isInteger(width) || width < 1 || !Number.isInteger(chunk) || chunk < 1) return undefined;
  const legs = Array.from({ length: width }, (_, i) => legAt(words, 2 + 2 * i, nameOf)).filter((l) => l !== undefined);
  if (legs.length !== width || count % (width * chunk) !== 0) return undefined;
  return { kind: 'striped', chunk: sectorCount(chunk), legs };
}

/** `<log> <n> <n arguments> <legs> [<device> <start>]...`; the status: `<legs> <device>... <in sync>/<regions> 1 <a letter a leg>` */
function mirror(row: DmRow, nameOf: (devNumber: string) => string): DmMap | undefined {
  const { parameters: words, status } = row;
  const first = 2 + Number(words[1]);
  const width = Number(words[first]);
  if (!Number.isInteger(width) || width < 1) return undefined;
  const logs = words.slice(2, first).filter((word) => DEVICE.test(word));
  const [done, all] = status[1 + width]?.split('/') ?? [];
  const letters = status[3 + width] ?? '';
  const legs = Array.from({ length: width }, (_, i): DmMirrorLeg | undefined => {
    const leg = legAt(words, first + 1 + 2 * i, nameOf);
    return leg === undefined
      ? undefined
      : { ...leg, state: mirrorState(letters[i], done !== undefined && done === all, i) };
  }).filter((l) => l !== undefined);
  if (legs.length !== width) return undefined;
  return { kind: 'mirror', legs, logs: logs.map(nameOf) };
}

/** dm-raid1.c device_status_char: alive, write error (D), sync error (S), read error (R), flush error (F), unknown (U). */
function mirrorState(letter: string | undefined, synced: boolean, index: number): MemberState {
  if (letter === undefined) return 'unknown';
  if (letter === 'D' || letter === 'F') return 'failed';
  // copies are made from the first leg
  return (letter === 'A' || letter === 'R') && (synced || index === 0) ? 'in sync' : 'out of sync';
}

function opaque({ type, parameters }: DmRow, nameOf: (devNumber: string) => string): DmMap {
  const known = roles[type];
  const uses = parameters
    .filter((word) => DEVICE.test(word))
    .map((word, i): DmUse => ({ device: nameOf(word), role: known?.names[i] ?? `${type} device` }));
  return { kind: 'opaque', uses, reason: known?.why ?? `what a ${type} target does with its devices is not known` };
}

/** The block devices with what their tables say, where the table could be read. */
export function withDmTables(
  devices: readonly BlockDevice[],
  tableOf: (device: BlockDevice) => readonly DmRow[] | string,
): readonly BlockDevice[] {
  const names = new Map(devices.map((d) => [d.devNumber, d.name]));
  return devices.map((device): BlockDevice => {
    if (device.kind !== 'dm') return device;
    const rows = tableOf(device);
    if (typeof rows === 'string') return { ...device, assembly: { kind: 'unread', reason: rows } };
    return { ...device, assembly: parseDmTable(rows, (number) => names.get(number) ?? number) };
  });
}
