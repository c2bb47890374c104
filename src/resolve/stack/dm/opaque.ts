import type { MappedUp } from '../layer.ts';
import { type DmTargetLayer, labelOf } from './target.ts';

/** Thin pools, caches, snapshots and the like: which of the upper device's sectors these are is told by no table. */
export const dmOpaque: DmTargetLayer<'opaque'> = {
  kind: 'opaque',
  mapUp(upper, _target, { uses, reason }, below) {
    return uses
      .filter((use) => use.device === below.device)
      .map(({ role }): MappedUp => ({ part: 'hidden', below, what: `${role} of ${labelOf(upper)}`, reason }));
  },
  mapDown: () => [],
};
