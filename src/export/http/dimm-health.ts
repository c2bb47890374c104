import { type Static, Type } from 'typebox';
import { type HealthReading, healthFieldNames, healthUnits, originOf, stateOf } from '../../model/health.ts';
import { doubtedAlarms } from '../../model/health-judgement.ts';
import { closed, nullable, time, timeOf, timeOrNull } from './schemas.ts';

const age = Type.Number({ description: 'seconds since `readAt`' });
const healthFieldSchema = Type.Object(
  {
    name: Type.String(),
    value: Type.Unknown({ description: 'a number, a text, true or false, a list of words, or words with values' }),
    unit: Type.String({ description: 'celsius, percent, seconds, count, hexadecimal, or empty' }),
    source: Type.String({
      description:
        'method of the module (`intel 1 SMART`) or attribute of the kernel; several where it is put together',
    }),
    readAt: time,
    ageSeconds: age,
  },
  closed,
);
export const dimmHealthSchema = Type.Object(
  {
    state: Type.Union(
      [
        Type.Literal('ok'),
        Type.Literal('noncritical'),
        Type.Literal('critical'),
        Type.Literal('fatal'),
        Type.Literal('unknown'),
      ],
      { description: '`unknown` when the module says nothing or cannot be read' },
    ),
    readable: Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('unsupported')]),
    reason: nullable(Type.String({ description: 'why not readable' })),
    readAt: time,
    ageSeconds: age,
    lastReadAt: nullable(Type.String({ format: 'date-time', description: 'when the module last answered' })),
    doubtedAlarms: Type.Array(Type.String(), {
      description: 'alarms that are on while value and threshold say otherwise',
    }),
    failures: Type.Array(
      Type.Object({ source: Type.String(), reason: Type.String() }, { ...closed, description: 'what did not answer' }),
    ),
    fields: Type.Array(healthFieldSchema, { description: 'everything that is known; what is absent is not known' }),
  },
  { ...closed, title: 'Health' },
);

const adviceWord = Type.Union([Type.Literal('ok'), Type.Literal('watch'), Type.Literal('plan'), Type.Literal('now')]);
export const adviceSchema = Type.Object(
  {
    advice: nullable(adviceWord),
    summary: Type.String({ description: 'the advice with what it rests on' }),
    inputs: Type.Array(
      Type.Object(
        {
          input: Type.String(),
          advice: nullable(adviceWord),
          text: Type.String({ description: 'with value and limit' }),
        },
        closed,
      ),
      { description: 'everything that was looked at; advice is null where it is not known' },
    ),
  },
  {
    ...closed,
    title: 'Advice',
    description: 'whether to replace the module; advice is null while too little is known to say ok',
  },
);

/** Everything a reading knows, with unit, source and age. */
export function dimmHealthJson(reading: HealthReading, now: number): Static<typeof dimmHealthSchema> {
  const { health, fields, failures } = reading;
  const ageOf = (at: number): number => Math.max(0, now - at) / 1000;
  return {
    state: stateOf(reading),
    readable: health.kind === 'ok' ? 'yes' : health.kind === 'unsupported' ? 'unsupported' : 'no',
    reason: health.kind === 'ok' ? null : health.reason,
    readAt: timeOf(reading.at),
    ageSeconds: ageOf(reading.at),
    lastReadAt: timeOrNull(reading.lastOkAt),
    doubtedAlarms: doubtedAlarms(fields),
    failures: failures.map(({ source, reason }) => ({ source, reason })),
    fields: healthFieldNames.flatMap((name) => {
      const value = fields[name];
      const from = originOf(reading, name);
      if (value === undefined || from === undefined) return [];
      const { source, at } = from;
      return [{ name, value, unit: healthUnits[name], source, readAt: timeOf(at), ageSeconds: ageOf(at) }];
    }),
  };
}
