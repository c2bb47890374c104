import type { CollectorStatus } from './agent-status.ts';
import type { State } from './state.ts';

/** The collector of the lists succeeds when each of them was read. */
export function listsCollector(state: State): CollectorStatus {
  const read = state.lists.map((list) => list.lastOkAt).filter((at) => at !== undefined);
  return {
    collector: 'badblocks',
    success: state.inventoried && state.lists.every((list) => list.list.kind === 'ok'),
    durationSeconds: Math.max(0, ...state.lists.map((list) => list.durationMs)) / 1000,
    ...(read.length > 0 && { lastSuccess: Math.min(...read) / 1000 }),
  };
}

/** The collector of health succeeds when every module that has health data was read. */
export function healthCollector({ health, topology, inventoried }: State): CollectorStatus {
  const asked = health.filter((reading) => reading.health.kind !== 'unsupported');
  const read = asked.flatMap(({ lastOkAt }) => lastOkAt ?? []);
  return {
    collector: 'health',
    success:
      inventoried &&
      topology.dimms.every(({ key }) =>
        health.some((reading) => reading.dimm === key && reading.health.kind !== 'failed'),
      ),
    durationSeconds: Math.max(0, ...asked.map(({ durationMs }) => durationMs)) / 1000,
    ...(read.length > 0 && { lastSuccess: Math.min(...read) / 1000 }),
  };
}
