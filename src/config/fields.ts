import { type Static, type TSchema, Type } from 'typebox';
import { parseDuration } from './duration.ts';

/**
 * Makers for the leaves of the configuration schema. Each leaf carries what people need to know about it:
 * `description`, `default` as it would be written in YAML, `expected` (completes "… is not …"), and `secret` where a
 * wrong value must not be repeated in a message.
 */
export interface TextField {
  readonly description: string;
  readonly expected: string;
  readonly default?: string;
  readonly secret?: boolean;
  readonly matches?: (value: string) => boolean;
  /** what is wrong with a value that does not match, where that can be said */
  readonly explain?: (value: string) => string | undefined;
}

export function text(field: TextField) {
  const { matches, ...options } = field;
  return Type.Refine(Type.String(options), matches ?? (() => true), () => field.expected);
}

export interface DurationField {
  readonly default: string;
  readonly min: string;
  readonly max: string;
  readonly description: string;
}

export function duration(field: DurationField) {
  const min = durationMs(field.min);
  const max = durationMs(field.max);
  const expected = `a duration from ${field.min} to ${field.max}, such as ${field.default}`;
  return Type.Refine(
    Type.String({ description: field.description, default: field.default, expected, unit: 'duration' }),
    (value: string) => {
      const ms = parseDuration(value);
      return ms !== undefined && ms >= min && ms <= max;
    },
    () => expected,
  );
}

/** Milliseconds of a text that is known to be a duration. */
export function durationMs(value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw new Error(`an unchecked duration: ${value}`);
  return ms;
}

export interface NumberField {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly description: string;
}

export function wholeNumber(field: NumberField) {
  return Type.Integer({
    description: field.description,
    default: field.default,
    minimum: field.min,
    maximum: field.max,
    expected: `a whole number from ${field.min} to ${field.max}`,
  });
}

export function oneOf<const Values extends string[]>(
  values: readonly [...Values],
  field: { readonly default?: Values[number]; readonly description: string; readonly expected?: string },
) {
  return Type.Enum<Values>(values, { expected: `one of ${values.join(', ')}`, ...field });
}

export interface ListField {
  readonly description: string;
  readonly default: readonly unknown[];
  readonly minItems?: number;
  /** how the default reads in the documentation, where the value itself is too long */
  readonly defaultText?: string;
}

export function listOf<Item extends TSchema>(item: Item, field: ListField) {
  return Type.Array<Item>(item, { ...field, default: [...field.default] });
}

/** What a schema says of itself beside JSON Schema's own words. */
export interface FieldNotes {
  readonly description?: string;
  readonly default?: unknown;
  readonly expected?: string;
  readonly secret?: boolean;
  readonly explain?: (value: string) => string | undefined;
  readonly unit?: string;
  readonly defaultText?: string;
}
export function notesOf(schema: TSchema): FieldNotes {
  return schema as FieldNotes;
}
export type ValueOf<Schema extends TSchema> = Static<Schema>;
