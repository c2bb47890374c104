/**
 * Which kernel files the probe serves. The asker is the process that listens to the network, the probe may hold
 * capabilities: so this is a list of shapes that are allowed, not of those that are refused, and symbolic links that
 * lead elsewhere in sysfs (`driver`, `subsystem`, `module`, `firmware_node`) can only be the last component.
 * Layout: kernel-abi section 4 (drivers/nvdimm, drivers/acpi/nfit/core.c, drivers/dax/bus.c, block/genhd.c).
 */
export type TreeName = 'sysfs' | 'procfs';

const ATTRIBUTE = '[A-Za-z0-9_][A-Za-z0-9_.:!-]*';
const DISK = '[A-Za-z][A-Za-z0-9_.:!-]*';
const ND_OBJECT = '(?:ndbus\\d+|ndctl\\d+|nmem\\d+|region\\d+|(?:namespace|btt|pfn|dax)\\d+\\.\\d+)';
const ND_GROUP = '(?:nfit|papr|cxl|dax_region|power)';
const BLOCK_GROUP = '(?:queue|dm|md|loop|device|integrity)';

const below = (part: string, rest: string) => `(?:/${part}${rest})?`;
const attribute = below(ATTRIBUTE, '');
/** What may follow a disk: its attributes, a group's, a partition's, those of one slave, holder or md component. */
const BLOCK_TAIL = `(?:/(?:slaves|holders)${below(DISK, attribute)}|/md/(?:dev-|rd)${ATTRIBUTE}${attribute}|/${BLOCK_GROUP}${attribute}|/${DISK}/holders${below(DISK, '')}|/${DISK}${attribute})?`;
/** What may follow an object of the nvdimm bus. */
const ND_TAIL = `(?:/${ND_OBJECT})*(?:/${ND_GROUP}${attribute}|/block${below(DISK, BLOCK_TAIL)}|/dax${below(ND_OBJECT, attribute)}|/${ATTRIBUTE})?`;

const SYSFS = [
  'bus/nd(?:/devices)?',
  `bus/nd/devices/${ND_OBJECT}${ND_TAIL}`,
  'bus/dax(?:/devices)?',
  `bus/dax/devices/dax\\d+\\.\\d+(?:/mapping\\d+)?${attribute}`,
  `(?:class/)?block${below(DISK, BLOCK_TAIL)}`,
  'dev/block',
  `dev/block/\\d+:\\d+${BLOCK_TAIL}`,
  `class/nd${below('ndctl\\d+', attribute)}`,
  `devices/(?:[A-Za-z0-9_.:!,@+-]+/)+?(?:ndbus\\d+${ND_TAIL}|block/${DISK}${BLOCK_TAIL}|dax\\d+\\.\\d+(?:/mapping\\d+)?${attribute})`,
  // the devices of each btrfs in use
  `fs/btrfs(?:/[0-9a-f-]{36}/devices${below(DISK, '')})?`,
  'firmware/dmi/entries',
  'firmware/dmi/entries/1[67]-\\d+(?:/(?:raw|handle|instance|type|length|position))?',
  `module/(?:libnvdimm|nfit|nd_pmem|nd_btt|nd_e820|nd_virtio|dax_pmem|device_dax|papr_scm)(?:/parameters${attribute}|/(?:version|srcversion|initstate|taint))?`,
].map(whole);

const PROCFS = [
  '(?:1|self)/mountinfo',
  'sys/kernel/random/boot_id',
  'sys/kernel/(?:hostname|osrelease)',
  '(?:swaps|mdstat|partitions|devices|filesystems|loadavg|uptime|version)',
].map(whole);

/** `wait_probe` blocks until the bus is quiet, by design (drivers/nvdimm/bus.c). */
const NEVER = /(?:^|\/)wait_probe$/;
const MAX_PATH = 512;

function whole(shape: string): RegExp {
  return new RegExp(`^${shape}$`);
}

/** Why a path may not be read, or undefined when it may. */
export function refusal(tree: TreeName, path: string): string | undefined {
  if (path.length === 0 || path.length > MAX_PATH) return 'not a path';
  if (path.includes('\0') || path.startsWith('/')) return 'not a relative path';
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) return 'not a plain path';
  if (NEVER.test(path)) return 'it blocks by design';
  const shapes = tree === 'sysfs' ? SYSFS : PROCFS;
  return shapes.some((shape) => shape.test(path)) ? undefined : `not among the ${tree} files that the probe serves`;
}
