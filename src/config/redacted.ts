/** What a configuration says, for people who are to know none of its secrets. Pure. */
import { type TSchema, Type } from 'typebox';
import { checkValue, isMapping } from './check.ts';
import { notesOf } from './fields.ts';
import { agentFlags, environmentKeys, environmentName, type SettingFlag } from './flags.ts';
import { configSchema } from './keys.ts';
import { parseConfig } from './schema.ts';
import { parseWebConfig } from './web-config.ts';
import { webSchema } from './web-keys.ts';
import { parseYaml } from './yaml.ts';

export interface RedactedFile {
  /** the file, as far as it can be shown; undefined when it is no YAML */
  readonly content: unknown;
  /** where there are mistakes; their words could repeat what must not be seen */
  readonly mistakes: readonly { readonly line?: number; readonly column?: number }[];
  /** every text that was left out, for who looks for it elsewhere */
  readonly hidden: readonly string[];
}

export const REDACTED = '[redacted]';
const UNKNOWN_KEY = '[unknown key]';
const NOT_VALID = '[not valid, left out]';

/** Only keys that are known are named, and only values shown that are valid and no secret: what is put in a wrong place is not. */
export function redactedConfig(text: string): RedactedFile {
  const parsed = parseConfig(text);
  return redacted(text, configSchema, 'problems' in parsed ? parsed.problems : []);
}
/** The same of a `--web.config.file`; users are counted, and headers named. */
export function redactedWebConfig(text: string): RedactedFile {
  const parsed = parseWebConfig(text);
  return redacted(text, webSchema, 'problems' in parsed ? parsed.problems : []);
}

function redacted(text: string, schema: TSchema, problems: RedactedFile['mistakes']): RedactedFile {
  const hidden = new Set<string>();
  const contents = parseYaml(text).readings.map(({ value }) => shown(schema, value, hidden));
  const mistakes = problems.map(({ line, column }) => ({
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }));
  return { content: contents[0], mistakes, hidden: [...hidden] };
}

function shown(schema: TSchema, value: unknown, hidden: Set<string>): unknown {
  if (value === undefined || value === null) return value;
  if (Type.IsObject(schema) && isMapping(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]): [string, unknown] => {
        const known = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
        if (known === undefined) {
          hide(key, hidden);
          return [UNKNOWN_KEY, hide(each, hidden)];
        }
        // what a proxy or a browser is told may name what others are not to reach
        return [key, key === 'headers' ? namesOnly(each, hidden) : shown(known, each, hidden)];
      }),
    );
  }
  if (Type.IsArray(schema) && Array.isArray(value)) return value.map((each) => shown(schema.items, each, hidden));
  if (Type.IsRecord(schema) && isMapping(value)) {
    const item = Object.values(schema.patternProperties)[0] ?? Type.Unknown();
    if (notesOf(item).secret === true) {
      for (const each of Object.values(value)) hide(each, hidden);
      return `[${Object.keys(value).length} redacted]`;
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shown(item, each, hidden)]));
  }
  if (notesOf(schema).secret === true) return value === '' ? '' : hide(value, hidden);
  if (checkValue(schema, value).length === 0) return value;
  hide(value, hidden);
  return NOT_VALID;
}

function namesOnly(value: unknown, hidden: Set<string>): unknown {
  hide(value, hidden);
  if (!isMapping(value)) return NOT_VALID;
  return Object.fromEntries(
    Object.keys(value).map((name) => [/^[A-Za-z-]{1,40}$/.test(name) ? name : UNKNOWN_KEY, REDACTED]),
  );
}

/** Remembers every text in it. */
function hide(value: unknown, hidden: Set<string>): string {
  if (typeof value === 'string') hidden.add(value);
  else if (typeof value === 'number') hidden.add(String(value));
  else if (Array.isArray(value)) for (const each of value) hide(each, hidden);
  else if (isMapping(value)) for (const each of Object.values(value)) hide(each, hidden);
  return REDACTED;
}

/** Our variables, and those of others that change what this program does: by name, with values that cannot be secret. */
export function redactedEnvironment(environment: Readonly<Record<string, string | undefined>>): {
  readonly shown: Readonly<Record<string, string>>;
  readonly hidden: readonly string[];
} {
  const shownOf: Record<string, string> = {};
  const hidden: string[] = [];
  for (const [name, value = ''] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/^(PMEMWATCH_|NODE_|LISTEN_)|^(https?|no|all)_proxy$/i.test(name)) continue;
    const isShown = value === '' || isHarmless(name, value);
    shownOf[/^[A-Z0-9_]{1,60}$/i.test(name) ? name : '[a name of its own]'] = isShown ? value : '[set]';
    if (!isShown) hidden.push(value, ...(URL.canParse(value) ? partsOf(new URL(value)) : []));
  }
  return { shown: shownOf, hidden };
}
function isHarmless(name: string, value: string): boolean {
  const flag = agentFlags.find((each) => environmentName(each.name) === name);
  if (flag !== undefined) return isOfFlag(flag, value);
  const key = environmentKeys.find(({ variable }) => variable === name);
  if (key === undefined) return /^LISTEN_(FDS|PID)$/.test(name) && /^\d+$/.test(value);
  const read = key.list ? value.split(',') : /^\d+$/.test(value) ? Number(value) : value;
  const nested = key.path.reduceRight<unknown>((inner, each) => ({ [each]: inner }), read);
  return checkValue(configSchema, nested).length === 0;
}
function isOfFlag({ value: kind, values }: SettingFlag, value: string): boolean {
  if (values !== undefined) return values.includes(value);
  if (kind === 'ADDR') return value.split(',').every((each) => /^(\[[0-9a-f:]+\]|[\w.-]*):\d{1,5}$/i.test(each.trim()));
  return /^\/[\w./-]*$/.test(value);
}
function partsOf({ username, password }: URL): string[] {
  return [username, password, decodeURIComponent(username), decodeURIComponent(password)];
}
