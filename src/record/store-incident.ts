/** `store_unwritable`, raised from memory because the store that would keep it is what fails (law 2). Pure. */
import type { State } from '../model/state.ts';
import { beginDraft, type Recorded, sealDraft } from './draft.ts';
import { amendIncident, findOpen, openIncident, resolveIncident } from './lifecycle.ts';
import { subjectByName } from './subject.ts';

export const storeIdentity = 'state-file';

/** To be called in each pass with `Store.writable()`; tells only when it turned. */
export function recordStoreWritable(
  state: State,
  store: { readonly writable: boolean; readonly detail: string; readonly now: number },
): Recorded {
  const draft = beginDraft(state, store.now);
  const incident = findOpen(draft, 'store_unwritable', storeIdentity);
  if (store.writable) {
    if (incident !== undefined) resolveIncident(draft, incident, 'cleared', { complete: true });
  } else if (incident !== undefined) amendIncident(draft, incident, { detail: store.detail });
  else {
    openIncident(draft, {
      condition: 'store_unwritable',
      subject: { ...subjectByName(storeIdentity), device: '' },
      severity: 'critical',
      foundBy: 'unknown',
      ranges: [],
      complete: false,
      detail: store.detail,
    });
  }
  return sealDraft(draft);
}
