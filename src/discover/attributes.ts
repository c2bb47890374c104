import type { FileRead, KernelTree } from '../ports.ts';

/** "There is no such value": normal for attributes of other drivers, of seeds and of unbound devices (kernel-abi section 13, 38). */
const absent = new Set(['ENOENT', 'ENODEV', 'ENXIO', 'ENOTTY', 'ENOTDIR', 'EOPNOTSUPP']);
const denied = new Set(['EACCES', 'EPERM']);

/** The attributes of one kernel object. What cannot be read or makes no sense is a fault of this object alone. */
export interface Attributes {
  /** without its newline; undefined when there is no such attribute, it may not be read, or it is empty */
  text(name: string): string | undefined;
  /** a decimal number, or hexadecimal with 0x; a fault when it is neither */
  number(name: string): number | undefined;
  /** the same for addresses, which can go beyond 2^53 */
  address(name: string): bigint | undefined;
  /** whether the attribute exists and may not be read */
  denied(name: string): boolean;
  /** whether there is such an attribute, readable or not */
  exists(name: string): boolean;
  /** Makes it a fault of the object when `value` is missing. */
  need<T>(name: string, value: T | undefined): T | undefined;
  /** what keeps this object from being known, in words; empty when nothing does */
  readonly faults: readonly string[];
  /** not one attribute is there: the object went away between listing and reading */
  readonly gone: boolean;
}

export async function readAttributes(
  tree: KernelTree,
  directory: string,
  names: readonly string[],
): Promise<Attributes> {
  const files = await tree.readAll(directory, names);
  const faults: string[] = [];
  for (const [name, file] of files) {
    const fault = faultOf(file);
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
  }
  function text(name: string): string | undefined {
    const file = files.get(name);
    if (file?.kind !== 'ok') return undefined;
    const value = Buffer.from(file.data).toString('utf8').trim();
    return value === '' ? undefined : value;
  }
  function address(name: string): bigint | undefined {
    const value = text(name);
    if (value === undefined) return undefined;
    if (/^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(value)) return BigInt(value);
    faults.push(`${name} is not a number: ${JSON.stringify(value.slice(0, 40))}`);
    return undefined;
  }
  function errnoOf(name: string): string | undefined {
    const file = files.get(name);
    return file?.kind === 'failed' ? file.errno : undefined;
  }
  return {
    text,
    address,
    number(name) {
      const value = address(name);
      if (value === undefined) return undefined;
      if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
      faults.push(`${name} is too large: ${value}`);
      return undefined;
    },
    denied: (name) => denied.has(errnoOf(name) ?? ''),
    exists: (name) => files.has(name) && !absent.has(errnoOf(name) ?? ''),
    need(name, value) {
      if (value === undefined && faults.length === 0) {
        faults.push(denied.has(errnoOf(name) ?? '') ? `${name}: permission denied` : `${name} is missing`);
      }
      return value;
    },
    faults,
    gone: [...files.values()].every((file) => file.kind === 'failed' && absent.has(file.errno)),
  };
}

function faultOf(file: FileRead): string | undefined {
  if (file.kind === 'ok') return undefined;
  if (file.kind === 'stuck') return `has not answered within ${Math.round(file.afterMs / 1000)} s`;
  return absent.has(file.errno) || denied.has(file.errno) ? undefined : file.reason;
}
