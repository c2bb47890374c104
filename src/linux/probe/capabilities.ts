import { readFileSync } from 'node:fs';

/** Bits of include/uapi/linux/capability.h that decide what the probe can see, and what is missed without each. */
const NEEDED: readonly { readonly name: string; readonly bit: bigint; readonly without: string }[] = [
  { name: 'CAP_DAC_READ_SEARCH', bit: 2n, without: 'files by their inode number, and addresses of regions' },
  { name: 'CAP_SYS_RAWIO', bit: 17n, without: 'health data of the DIMMs' },
  { name: 'CAP_SYS_PTRACE', bit: 19n, without: 'which process holds a damaged file' },
  { name: 'CAP_SYS_ADMIN', bit: 21n, without: 'reverse maps of file systems (GETFSMAP, tree search)' },
];

/** Of this process, from its own status (proc(5), CapEff is a hexadecimal mask). */
export function readCapabilities(): { readonly capabilities: string[]; readonly blind: string[] } {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const has = (bit: bigint) => ((mask >> bit) & 1n) === 1n;
  return {
    capabilities: NEEDED.filter(({ bit }) => has(bit)).map(({ name }) => name),
    blind: NEEDED.filter(({ bit }) => !has(bit)).map(({ name, without }) => `${without} (needs ${name})`),
  };
}
