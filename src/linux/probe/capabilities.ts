import { readFileSync } from 'node:fs';

/** Bits of include/uapi/linux/capability.h that decide what the probe can see. */
const BITS = {
  CAP_DAC_OVERRIDE: 1n,
  CAP_DAC_READ_SEARCH: 2n,
  CAP_SYS_RAWIO: 17n,
  CAP_SYS_PTRACE: 19n,
  CAP_SYS_ADMIN: 21n,
} as const;
type Capability = keyof typeof BITS;

/** What is missed without. `root` stands for the owner of a file that no one else may open so: no capability is asked of it. */
const NEEDED: readonly { readonly anyOf: readonly ('root' | Capability)[]; readonly without: string }[] = [
  { anyOf: ['CAP_DAC_READ_SEARCH'], without: 'files by their inode number' },
  // `resource`, mode 0400 (drivers/nvdimm/region_devs.c, namespace_devs.c)
  { anyOf: ['root', 'CAP_DAC_READ_SEARCH', 'CAP_DAC_OVERRIDE'], without: 'addresses of regions and namespaces' },
  // nodes of mode 0600, open for writing; beyond that __nd_ioctl checks nothing (drivers/nvdimm/bus.c)
  { anyOf: ['root', 'CAP_DAC_OVERRIDE'], without: 'health data of the DIMMs' },
  // who reads a running scrub with it makes the kernel look at it every second, not ever more seldom (core.c scrub_show)
  { anyOf: ['CAP_SYS_RAWIO'], without: 'the end of a scrub when it comes, but up to half an hour later' },
  { anyOf: ['CAP_SYS_PTRACE'], without: 'which process holds a damaged file' },
  { anyOf: ['CAP_SYS_ADMIN'], without: 'reverse maps of file systems (GETFSMAP, tree search)' },
];

/** The capabilities among these that this process has, and what it cannot see (proc(5), CapEff is a hexadecimal mask). */
export function readCapabilities(): { readonly capabilities: string[]; readonly blind: string[] } {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const names = Object.keys(BITS) as Capability[];
  const capabilities = names.filter((name) => ((mask >> BITS[name]) & 1n) === 1n);
  return { capabilities, blind: blindSpots(capabilities, process.geteuid?.() === 0) };
}

/** What a process with these capabilities cannot see, each with what it would take. */
export function blindSpots(capabilities: readonly string[], isRoot: boolean): string[] {
  const may = new Set([...capabilities, ...(isRoot ? ['root'] : [])]);
  return NEEDED.filter(({ anyOf }) => !anyOf.some((each) => may.has(each))).map(
    ({ anyOf, without }) => `${without} (needs ${anyOf.join(' or ')})`,
  );
}
