import {
  type AlarmName,
  type Alarms,
  type HealthFields,
  type HealthSource,
  type KnownState,
  knownFields,
} from '../../model/health.ts';

const badness: Readonly<Record<KnownState, number>> = { ok: 0, noncritical: 1, critical: 2, fatal: 3 };

/** The first source that knows a field wins; of states the worst, and problems and alarms of all. */
export function mergeFields(sources: readonly HealthSource[]): HealthFields {
  const first: HealthFields = Object.assign({}, ...sources.map(({ fields }) => fields).reverse());
  const all = sources.map(({ fields }) => fields);
  const problems = all.flatMap((fields) => (fields.problems === undefined ? [] : [fields.problems]));
  return {
    ...first,
    ...knownFields({
      state: all.map(({ state }) => state).reduce(worstState, undefined),
      problems: problems.length === 0 ? undefined : [...new Set(problems.flat())],
      alarms: all.map(({ alarms }) => alarms).reduce(either, undefined),
    }),
  };
}
export function worstState(a: KnownState | undefined, b: KnownState | undefined): KnownState | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return badness[b] > badness[a] ? b : a;
}
function either(a: Alarms | undefined, b: Alarms | undefined): Alarms | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as AlarmName[]);
  return Object.fromEntries([...names].map((name) => [name, a[name] === true || b[name] === true]));
}
