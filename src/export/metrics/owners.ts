import { createHash } from 'node:crypto';
import type { PlaceState } from '../../model/state.ts';
import { shortUid } from '../../model/topology.ts';
import { type DamagedFile, damageIsKnown, damageOf } from '../damage.ts';
import type { View } from '../view.ts';
import type { MetricGroup } from './metric.ts';

function* damagedPlaces({ state }: View): Iterable<PlaceState> {
  for (const place of state.places.values()) if (place.present && damageIsKnown(state, place)) yield place;
}

/** How a file is named in a label: not at all, by a digest that `check` users can recompute, or by its path. */
function pathLabel(file: DamagedFile, paths: 'hash' | 'full'): string {
  return paths === 'full' ? file.name : createHash('sha256').update(file.name).digest('hex').slice(0, 16);
}

/** Whose bytes they are. */
export const ownerMetrics: MetricGroup = {
  name: 'owners',
  metrics: [
    {
      name: 'pmem_bad_owner_bytes',
      help: 'Bad bytes by the kind of their owner: file, directory, symlink, metadata, free, unreferenced, deleted, raw, hidden, pending, unknown.',
      type: 'gauge',
      labels: ['device', 'uid', 'owner_kind'],
      *samples(view) {
        for (const state of damagedPlaces(view)) {
          const uid = shortUid(state.place.uid);
          const { devices, resolved } = damageOf(state);
          // no file bytes are known only once every owner is
          const none = state.place.kind === 'namespace' && state.readable && resolved;
          for (const { device, ownerBytes } of devices) {
            if (none && device === state.place.device && !ownerBytes.has('file')) {
              yield { labels: { device, uid, owner_kind: 'file' }, value: 0 };
            }
            for (const [kind, value] of ownerBytes) yield { labels: { device, uid, owner_kind: kind }, value };
          }
        }
      },
    },
    {
      name: 'pmem_damaged_files',
      help: 'Files with bad bytes; a file counts once, however many names and ranges it has.',
      type: 'gauge',
      labels: ['device', 'uid', 'mountpoint'],
      *samples(view) {
        for (const state of damagedPlaces(view)) {
          const counts = new Map<string, number>();
          const { files } = damageOf(state);
          for (const file of files) counts.set(file.mountpoint, (counts.get(file.mountpoint) ?? 0) + 1);
          for (const [mountpoint, value] of counts) {
            yield { labels: { device: state.place.device, uid: shortUid(state.place.uid), mountpoint }, value };
          }
        }
      },
    },
    {
      name: 'pmem_damaged_file_bytes',
      help: 'Bad bytes of each damaged file, the worst ones of each device; only with metrics.paths set to hash or full.',
      type: 'gauge',
      labels: ['device', 'uid', 'mountpoint', 'path'],
      *samples(view) {
        const { paths, damagedFiles } = view.options;
        if (paths === 'off') return;
        for (const state of damagedPlaces(view)) {
          for (const file of damageOf(state).files.slice(0, damagedFiles)) {
            const { device, mountpoint, bytes } = file;
            const labels = { device, uid: shortUid(file.uid), mountpoint, path: pathLabel(file, paths) };
            yield { labels, value: bytes };
          }
        }
      },
    },
    {
      name: 'pmem_damaged_files_omitted',
      help: 'Damaged files that pmem_damaged_file_bytes leaves out because of metrics.damaged_files.',
      type: 'gauge',
      labels: ['device', 'uid'],
      *samples(view) {
        if (view.options.paths === 'off') return;
        for (const state of damagedPlaces(view)) {
          const omitted = Math.max(0, damageOf(state).files.length - view.options.damagedFiles);
          yield { labels: { device: state.place.device, uid: shortUid(state.place.uid) }, value: omitted };
        }
      },
    },
  ],
};
