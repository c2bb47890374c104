/** Operations whose failures a module counts (HPE NVDIMM-N): a count that rises is told, also where the next try went well. */
import type { HealthReading } from '../model/health.ts';
import type { Condition } from '../model/incident.ts';
import type { Finding } from './dimm-conditions.ts';
import type { Draft } from './draft.ts';

interface Counter {
  readonly field: 'failedSaves' | 'failedRestores' | 'failedArms' | 'failedFlushes';
  readonly words: readonly [one: string, many: string];
}
const counters: Readonly<Partial<Record<Condition, Counter>>> = {
  dimm_save_failed: { field: 'failedSaves', words: ['one failed save', 'failed saves'] },
  dimm_restore_failed: { field: 'failedRestores', words: ['one failed restore', 'failed restores'] },
  dimm_not_armed: { field: 'failedArms', words: ['one failed arming', 'failed armings'] },
  dimm_flush_failed: { field: 'failedFlushes', words: ['one failed flush', 'failed flushes'] },
};

/**
 * The finding with what the count adds to it. The failures of before the first look are not news; the incident of a rise
 * stays open until a later boot found no further one.
 */
export function followFailures(draft: Draft, key: string, { fields }: HealthReading, finding: Finding): Finding {
  const { condition, standing, detail } = finding;
  const counter = counters[condition];
  const dimm = draft.dimms.get(key);
  if (counter === undefined || dimm === undefined) return finding;
  const { bootId } = draft.previous.host;
  const known = dimm.failures[condition];
  const count = fields[counter.field];
  const more = count === undefined || known === undefined ? 0 : count - known.count;
  const noticedBoot = more > 0 ? bootId : (known?.noticedBoot ?? '');
  if (count !== undefined && (known?.count !== count || known.noticedBoot !== noticedBoot)) {
    draft.dimms.set(key, { ...dimm, failures: { ...dimm.failures, [condition]: { count, noticedBoot } } });
  }
  if (more > 0) {
    const [one, many] = counter.words;
    const counted = `${more === 1 ? one : `${more} ${many}`} since the last look, ${count} since its factory reset`;
    return {
      ...finding,
      standing: 'crossed',
      detail: detail === '' ? counted : `${detail}; ${counted}`,
      isAgain: true,
    };
  }
  return noticedBoot === bootId && standing === 'fine' ? { ...finding, standing: 'between' } : finding;
}
