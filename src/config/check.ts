import { type TSchema, Type } from 'typebox';
import { nearest } from '../model/nearest.ts';
import { notesOf } from './fields.ts';

export type KeyPath = readonly (string | number)[];
/** What is wrong with the value at `path`; `key` when it is the key itself that is wrong. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly key?: true;
}

/** Everything that is wrong with a value, in the order of the schema. */
export function checkValue(schema: TSchema, value: unknown, path: KeyPath = []): Finding[] {
  if (Type.IsObject(schema)) return checkObject(schema.properties, value, path);
  if (Type.IsArray(schema)) {
    if (!Array.isArray(value)) return [{ path, message: `${shown(value)} is not a list` }];
    const minItems = (schema as { minItems?: number }).minItems ?? 0;
    const short = value.length < minItems ? [{ path, message: 'is empty: leave it out, or name at least one' }] : [];
    return [...short, ...value.flatMap((item, i) => checkValue(schema.items, item, [...path, i]))];
  }
  if (Type.IsRecord(schema)) {
    if (!isMapping(value)) return [{ path, message: `${shown(value)} is not a mapping` }];
    const item = Object.values(schema.patternProperties)[0] ?? Type.Unknown();
    return Object.entries(value).flatMap(([key, each]) => checkValue(item, each, [...path, key]));
  }
  if (isRight(schema, normalized(schema, value))) return [];
  const { expected = 'allowed here', secret } = notesOf(schema);
  if (value === null) return [{ path, message: `has no value: it is to be ${expected}` }];
  return [{ path, message: `${secret === true ? 'the value' : shown(value)} is not ${expected}` }];
}

/**
 * A leaf by itself. Done here for the kinds that `fields.ts` makes: TypeBox's own `Value` stops after some errors, and
 * would add 8 MB to every process that reads a configuration.
 */
function isRight(schema: TSchema, value: unknown): boolean {
  const refinements = Type.IsRefine(schema) ? schema['~refine'] : [];
  return isOfKind(schema, value) && refinements.every((refinement) => refinement.check(value));
}

function isOfKind(schema: TSchema, value: unknown): boolean {
  if (Type.IsString(schema)) return typeof value === 'string';
  if (Type.IsEnum(schema)) return schema.enum.some((each) => each === value);
  if (Type.IsBoolean(schema)) return typeof value === 'boolean';
  if (Type.IsNumber(schema)) return Number.isFinite(value) && isWithin(schema, value as number);
  if (Type.IsUnknown(schema)) return true;
  if (!Type.IsInteger(schema)) throw new Error('a kind of schema that fields.ts does not make');
  return Number.isSafeInteger(value) && isWithin(schema, value as number);
}
function isWithin(schema: TSchema, value: number): boolean {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema as {
    readonly minimum?: number;
    readonly maximum?: number;
  };
  return value >= minimum && value <= maximum;
}

function checkObject(properties: Record<string, TSchema>, value: unknown, path: KeyPath): Finding[] {
  if (!isMapping(value)) return [{ path, message: `${shown(value)} is not a mapping of keys to values` }];
  const findings: Finding[] = [];
  for (const [key, each] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (schema === undefined) {
      findings.push({ path: [...path, key], message: unknownKey(key, Object.keys(properties)), key: true });
    } else if (!(each === null && isSection(schema))) {
      findings.push(...checkValue(schema, each, [...path, key]));
    }
  }
  for (const [key, schema] of Object.entries(properties)) {
    if (!Object.hasOwn(value, key) && isRequired(schema)) {
      findings.push({ path, message: `needs ${key}: ${notesOf(schema).expected ?? notesOf(schema).description}` });
    }
  }
  return findings;
}

/** A checked value with the schema's defaults where it says nothing. */
export function withDefaults(schema: TSchema, value: unknown): unknown {
  if (Type.IsObject(schema)) {
    const given = isMapping(value) ? value : {};
    const full: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(schema.properties)) {
      const filled = withDefaults(each, given[key]);
      if (filled !== undefined) full[key] = filled;
    }
    return full;
  }
  if (value === undefined || (value === null && isSection(schema))) return structuredClone(notesOf(schema).default);
  if (Type.IsArray(schema) && Array.isArray(value)) return value.map((item) => withDefaults(schema.items, item));
  return normalized(schema, value);
}

/** YAML reads `0` as a number; as a duration it needs no unit. */
function normalized(schema: TSchema, value: unknown): unknown {
  return value === 0 && notesOf(schema).unit === 'duration' ? '0s' : value;
}

/** A section whose keys are all commented out is read as empty, as people leave them. */
function isSection(schema: TSchema): boolean {
  return Type.IsObject(schema) || Type.IsArray(schema) || Type.IsRecord(schema);
}

function isRequired(schema: TSchema): boolean {
  return !Type.IsOptional(schema) && !Type.IsObject(schema) && notesOf(schema).default === undefined;
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown key ${shown(key)}: ${meant === undefined ? `known here are ${known.join(', ')}` : `did you mean ${meant}?`}`;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as people wrote it, short and on one line. */
function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const written = JSON.stringify(value) ?? String(value);
  return written.length > 60 ? `${written.slice(0, 57)}…` : written;
}
