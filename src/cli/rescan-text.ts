import { byteText } from '../model/byte-text.ts';
import { counted, printable } from './print.ts';
import type { Asked, Run } from './rescan.ts';

/** Whether it goes on. */
export function isUnderWay({ status }: Run): boolean {
  return status === 'requested' || status === 'running' || status === 'reading';
}

export function underWayText({ bus, status, durationSeconds, foundRanges }: Run): string {
  if (status === 'requested') return `${bus}: asking the kernel`;
  if (status === 'reading') return `${bus}: reading the lists`;
  const found = foundRanges === 0 ? '' : `, ${counted(foundRanges, 'bad range')} found`;
  return `${bus}: searching for ${durationText(durationSeconds ?? 0)}${found}`;
}

/** What came of each bus. */
export function rescanText(items: readonly Run[], refused: Asked['refused']): string {
  const lines = items.map((run) => `${printable(run.bus)}: ${endText(run)}`);
  for (const { bus, reason } of refused) lines.push(`${printable(bus)}: not started: ${printable(reason)}`);
  return `${lines.join('\n')}\n`;
}
function endText(run: Run): string {
  const found =
    run.foundRanges === 0
      ? 'no new bad range'
      : `${counted(run.foundRanges, 'new bad range')}, ${byteText(run.foundBytes)}`;
  const why = run.reason === null ? '' : `: ${printable(run.reason)}`;
  switch (run.status) {
    case 'completed':
      return `searched in ${durationText(run.durationSeconds ?? 0)}, ${found}${run.type === 'long' ? why : ` (maybe not in full${why})`}`;
    case 'failed':
    case 'interrupted':
      return `${run.status}${why}`;
    case 'requested':
    case 'running':
    case 'reading':
      return run.id === ''
        ? 'a scrub was asked for; nothing follows it while no agent runs: pmemwatch list shows what it finds'
        : `scrub ${run.id} was asked for; pmemwatch events tells when it ends`;
    default:
      return run.status satisfies never;
  }
}
function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
