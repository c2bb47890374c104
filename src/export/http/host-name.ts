import { isIP } from 'node:net';

/** The host of a `Host` header without its port and brackets, in lower case; undefined when there is none. */
export function hostNameOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]]*))(?::\d*)?$/i.exec(header ?? '');
  const name = (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
  return name === '' ? undefined : name;
}

/**
 * A name that an attacker's DNS can point at us (rebinding) must not be served: an address, `localhost` and the
 * configured names cannot be.
 */
export function isServedHost(header: string | undefined, allowed: readonly string[]): boolean {
  const name = hostNameOf(header);
  if (name === undefined) return false;
  return isIP(name) !== 0 || name === 'localhost' || allowed.some((each) => each.toLowerCase() === name);
}
