import { byteText } from '../model/byte-text.ts';
import type { ErrorSource } from '../model/topology.ts';
import { bytesFromSectors, sectorCount } from '../model/units.ts';
import { adviceText, flagsText, healthText } from './health-text.ts';
import type { ListedBus, ListedDimm, ListedNamespace, ListedRanges, ListedRegion, Listing } from './listing.ts';
import { counted, type Paint, painter, printable } from './print.ts';

/** More ranges of one namespace than a screen takes are counted, not shown. */
const MOST_RANGES = 20;

interface Branch {
  readonly text: string;
  readonly below: readonly Branch[];
}

/** The listing as a tree for people. */
export function listingText(listing: Listing, color: boolean): string {
  const paint = painter(color);
  const lines = listing.buses.flatMap((bus) => {
    const root = busBranch(bus, listing.source === 'direct', paint);
    return [root.text, ...drawn(root.below, '', paint)];
  });
  if (lines.length === 0) {
    lines.push(
      'no persistent memory on this host: the kernel shows no nvdimm bus (/sys/bus/nd), so there is nothing to watch',
    );
  }
  for (const { subject, reason } of listing.problems) {
    lines.push(`${paint('yellow', 'not seen')}  ${printable(subject)}: ${printable(reason)}`);
  }
  return `${lines.join('\n')}\n`;
}

function drawn(branches: readonly Branch[], indent: string, paint: Paint): string[] {
  return branches.flatMap(({ text, below }, i) => {
    const last = i === branches.length - 1;
    const [joint, rest] = last ? ['└─ ', '   '] : ['├─ ', '│  '];
    return [`${paint('dim', indent + joint)}${text}`, ...drawn(below, indent + rest, paint)];
  });
}

const sources: Readonly<Record<ErrorSource, string>> = {
  ars: 'errors are found by scrub and machine checks',
  mce: 'errors are found by machine checks',
  papr: 'errors are found by the hypervisor',
  none: 'not monitored: nothing tells the kernel of errors, an empty list proves nothing',
};

function busBranch(bus: ListedBus, isDirect: boolean, paint: Paint): Branch {
  const source = `${sources[bus.errorSource]}${bus.hwErrorScrub === true ? ', each of which starts a scrub' : ''}${bus.canClear === false ? '; no write clears one' : ''}`;
  return {
    text: `${paint('bold', printable(bus.name))}  ${printable(bus.provider)}  ${bus.monitored ? paint('dim', source) : paint('yellow', source)}`,
    below: [
      ...bus.dimms.map((dimm) => dimmBranch(dimm, isDirect, paint)),
      ...bus.regions.map((region) => regionBranch(region, bus.monitored, paint)),
    ],
  };
}

function dimmBranch(dimm: ListedDimm, isDirect: boolean, paint: Paint): Branch {
  return {
    text: dimmText(dimm, paint),
    below: [...healthText(dimm.health, paint), ...adviceText(dimm.advice, isDirect, paint)].map((text) => ({
      text,
      below: [],
    })),
  };
}
function dimmText(dimm: ListedDimm, paint: Paint): string {
  const facts = [
    dimm.id,
    dimm.serial === undefined ? undefined : `serial ${dimm.serial}`,
    dimm.locator === undefined ? undefined : `slot ${dimm.locator}`,
    dimm.partNumber,
  ].filter((fact) => fact !== undefined);
  const flags = flagsText(dimm.flags);
  const told = flags === '' ? '' : `  ${paint('yellow', flags)}`;
  return `${paint('bold', printable(dimm.name))}  ${facts.map(printable).join('  ')}${told}`.trimEnd();
}

function regionBranch(region: ListedRegion, monitored: boolean, paint: Paint): Branch {
  const dimms = region.mappings.map((mapping) => mapping.dimm);
  const facts = [
    region.kind === 'pmem' ? 'persistent' : 'volatile',
    byteText(region.sizeBytes),
    ...(dimms.length === 0 ? [] : [`on ${dimms.map(printable).join(', ')}`]),
    ...(region.enabled ? [] : [paint('yellow', 'disabled')]),
  ];
  const free = region.badRanges;
  const hasNews = free !== null && (free.ranges.length > 0 || !free.complete || !free.readable);
  return {
    text: `${paint('bold', printable(region.name))}  ${facts.join('  ')}`,
    below: [
      ...region.namespaces.map((namespace) => namespaceBranch(namespace, monitored, paint)),
      ...(hasNews ? [rangesBranch('outside namespaces', '', free, monitored, paint)] : []),
    ],
  };
}

function namespaceBranch(namespace: ListedNamespace, monitored: boolean, paint: Paint): Branch {
  const facts = [
    printable(namespace.name),
    namespace.mode,
    byteText(namespace.sizeBytes),
    namespace.device === null ? 'no device' : printable(namespace.device),
    ...namespace.mounts.map(({ fsType, mountpoint }) => `${printable(fsType)} on ${printable(mountpoint)}`),
  ];
  return rangesBranch(facts.join('  '), namespace.device ?? '', namespace.badRanges, monitored, paint);
}

function rangesBranch(
  name: string,
  device: string,
  bad: ListedRanges | null,
  monitored: boolean,
  paint: Paint,
): Branch {
  if (bad === null) return { text: `${name}  ${paint('yellow', 'its list is not known')}`, below: [] };
  const { ranges, readable, complete, reasons } = bad;
  const sectors = ranges.reduce((sum, { count }) => sum + count, 0);
  const found = `${counted(ranges.length, 'bad range')} (${byteText(bytesFromSectors(sectorCount(sectors)))})`;
  const texts = ranges.slice(0, MOST_RANGES).map(({ on, start, count, unconfirmed }) => {
    const where = on === 'device' ? printable(device) : 'of the namespace or region itself:';
    const doubt = unconfirmed === undefined ? '' : `  ${paint('yellow', `not confirmed: ${printable(unconfirmed)}`)}`;
    return `${where} ${start}+${count}  ${byteText(bytesFromSectors(sectorCount(count)))}${doubt}`;
  });
  if (ranges.length > MOST_RANGES) texts.push(`and ${ranges.length - MOST_RANGES} more: --json shows all`);
  if (!readable || !complete) texts.push(...reasons.map((reason) => paint('yellow', printable(reason))));
  return { text: `${name}  ${state()}`, below: texts.map((text) => ({ text, below: [] })) };

  function state(): string {
    if (ranges.length > 0) return paint('red', complete ? found : `at least ${found}`);
    if (!readable) return paint('yellow', 'unreadable');
    if (!complete) return paint('yellow', 'not all is seen');
    return monitored ? paint('green', 'no bad ranges') : paint('yellow', 'not monitored');
  }
}
