import { isMapping, type KeyPath } from './check.ts';

/** A value for one key from outside the file (an environment variable named in `source`), as YAML would have read it. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly source: string;
}

/** What is no mapping stays as it is, to be told. */
export function withOverrides(value: unknown, overrides: readonly Override[]): unknown {
  if (isMapping(value)) for (const override of overrides) applyOverride(value, override);
  return value;
}
function applyOverride(given: Record<string, unknown>, override: Override): void {
  let section = given;
  for (const key of override.path.slice(0, -1)) {
    const next = section[key];
    if (isMapping(next)) section = next;
    else {
      const made: Record<string, unknown> = {};
      section[key] = made;
      section = made;
    }
  }
  const last = override.path.at(-1);
  if (last !== undefined) section[last] = override.value;
}

/** Where the value at this path came from, if not from the file. */
export function sourceOf(path: KeyPath, overrides: readonly Override[]): string | undefined {
  return overrides.find((override) => override.path.every((key, i) => key === path[i]))?.source;
}
