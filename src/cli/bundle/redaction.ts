/** Takes secrets and file names out of what goes into a bug report. Pure. */
import { createHash } from 'node:crypto';

export type FileNames = 'hash' | 'full';

export interface Redaction {
  /** Learns the names of files that an answer holds, to know them elsewhere too. */
  learn(answer: unknown): void;
  /** An answer as it may be given away. */
  value(answer: unknown): unknown;
  /** A text as it may be given away, and how many secrets were found in it: none, if all else works. */
  text(text: string): { readonly text: string; readonly found: number };
}

/** Shorter ones are words, and no secrets. */
const LEAST_CHARACTERS = 6;
/** Below these a path says nothing of anybody's files. */
const OWN =
  /^\/(sys|proc|dev|run|api|docs|metrics|runbook|openapi\.json|-|etc\/(pmemwatch|prometheus)|var\/lib\/pmemwatch|usr\/(lib|bin|sbin))(\/|$)/;
/** What lies below a process's root is a file again. */
const FOREIGN = /^\/proc\/\w+\/(root|cwd|fd|map_files)\//;
const namesOfFiles = new Set(['path', 'formerPath']);

export function createRedaction(options: {
  readonly secrets: readonly string[];
  readonly fileNames: FileNames;
}): Redaction {
  const variants = [...new Set(options.secrets)]
    .filter((secret) => secret.length >= LEAST_CHARACTERS && !/^(Bearer|Basic|https?:)$/i.test(secret))
    .flatMap(formsOf)
    .sort((a, b) => b.length - a.length);
  const names = new Set<string>();
  const mountpoints = new Set<string>(['/']);

  function learn(value: unknown): void {
    if (Array.isArray(value)) for (const each of value) learn(each);
    if (!isRecord(value)) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === 'mountpoint' && typeof each === 'string') mountpoints.add(each);
      else if (isFileName(value, key) && typeof each === 'string') names.add(each);
      else if (key === 'paths' && Array.isArray(each)) for (const path of each) names.add(String(path));
      else learn(each);
    }
  }
  function redacted(value: unknown): unknown {
    if (typeof value === 'string') return withoutNames(value);
    if (Array.isArray(value)) return value.map(redacted);
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      if (options.fileNames === 'full') return [[key, redacted(each)]];
      if (/^paths?Base64$/.test(key)) return [];
      if (key === 'paths' && Array.isArray(each)) return [[key, each.map((path) => hashOf(String(path)))]];
      if (isFileName(value, key) && typeof each === 'string') return [[key, each === '' ? '' : hashOf(each)]];
      if (key === 'mountpoint') return [[key, each]];
      // a mount's options can name folders, devices and users
      if (key === 'options' && Array.isArray(each))
        return [[key, each.filter((option) => /^[\w-]+(=[\w-]+)?$/.test(String(option)))]];
      return [[key, redacted(each)]];
    });
    return Object.fromEntries(entries);
  }
  function withoutNames(text: string): string {
    if (options.fileNames === 'full') return text;
    let left = text;
    // those with blanks, which nothing else would find the end of
    for (const name of names)
      if (left.includes(name) && !mountpoints.has(name)) left = left.replaceAll(name, hashOf(name));
    return left.replace(/(?<![\w.:/\\-])\/[^\s"'`<>|;,()[\]{}]+/g, (found) => {
      const path = found.replace(/[.:]+$/, '');
      const isOurs = mountpoints.has(path) || (OWN.test(path) && !FOREIGN.test(path));
      return isOurs ? found : hashOf(path) + found.slice(path.length);
    });
  }
  return {
    learn,
    value: redacted,
    text(text) {
      let found = 0;
      let left = withoutNames(text);
      for (const variant of variants) {
        if (!left.includes(variant)) continue;
        found++;
        left = left.replaceAll(variant, '[redacted]');
      }
      return { text: left, found };
    },
  };
}

/** The same as in messages to receivers with `paths: hash`: the first 12 hex digits of sha256 over the whole path. */
function hashOf(path: string): string {
  return `file-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
}
/** Whether the value below this key is the name of a file, and not of a device. */
function isFileName(holder: Readonly<Record<string, unknown>>, key: string): boolean {
  if (namesOfFiles.has(key)) return true;
  // a swap file, the file behind a loop device, what of a file system is mounted
  if (key === 'name') return holder['kind'] === 'swap' || holder['kind'] === 'loop';
  return (key === 'root' && holder['root'] !== '/') || (key === 'label' && String(holder['label']).startsWith('/'));
}
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As it may stand in a text: as it is, in JSON, in an address, in base64 wherever it begins, in hexadecimal. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const base64 = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // characters that share bits with what stands before or behind it
    const inner = text.slice(before === 0 ? 0 : before + 1, bytes.length % 3 === (3 - before) % 3 ? undefined : -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const hex = bytes.toString('hex');
  const escaped = JSON.stringify(secret).slice(1, -1);
  const twice = JSON.stringify(escaped).slice(1, -1);
  const all = [
    secret,
    escaped,
    twice,
    encodeURIComponent(secret),
    encodeURI(secret),
    ...base64,
    hex,
    hex.toUpperCase(),
  ];
  return [...new Set(all)].filter((form) => form.length >= LEAST_CHARACTERS);
}
