import { type Run, run } from '../../../model/extent.ts';
import { shortUid } from '../../../model/topology.ts';

/** The part of a place that its strip shows, in sectors of the place. */
export interface Zoom {
  /** as in the metrics */
  readonly uid: string;
  readonly window: Run;
}

/** Parts that a strip is divided into, each of which one can zoom in to. */
export const ZONES = 8;
/** A window of this many sectors shows each of them. */
export const SMALLEST_WINDOW = 16;

/** `UID:START+COUNT`; undefined for anything else, so that an old link shows everything. */
export function parseZoom(text: string | undefined): Zoom | undefined {
  const match = /^([^:\s]{1,128}):(\d{1,15})\+(\d{1,15})$/.exec(text ?? '');
  if (match === null) return undefined;
  return { uid: match[1] ?? '', window: run(Number(match[2]), Math.max(1, Number(match[3]))) };
}

/** The part of `size` sectors nearest to what was asked for, no smaller than can be told apart. */
export function windowIn(size: number, wanted: Run | undefined): Run {
  if (wanted === undefined) return run(0, size);
  const count = Math.min(size, Math.max(wanted.count, SMALLEST_WINDOW));
  return run(Math.min(Math.max(0, wanted.start), size - count), count);
}

/** Address of the page with this strip zoomed; `undefined` for all of it. */
export function zoomLink(uid: string, window: Run | undefined): string {
  const anchor = `#device-${shortUid(uid)}`;
  if (window === undefined) return `/${anchor}`;
  return `/?zoom=${encodeURIComponent(shortUid(uid))}:${window.start}%2B${window.count}${anchor}`;
}

/** A window around a range, with as much on both sides as makes it easy to see. */
export function around(range: Run, size: number): Run {
  const count = Math.max(SMALLEST_WINDOW, range.count * 4);
  return windowIn(size, run(Math.max(0, range.start - Math.floor((count - range.count) / 2)), count));
}

export interface ZoomSteps {
  readonly out: Run;
  readonly left: Run;
  readonly right: Run;
}
export function zoomSteps(window: Run, size: number): ZoomSteps {
  const wide = Math.min(size, window.count * ZONES);
  const half = Math.floor(window.count / 2);
  const at = (start: number, count: number): Run => windowIn(size, run(Math.max(0, start), count));
  return {
    out: at(window.start - Math.floor((wide - window.count) / 2), wide),
    left: at(window.start - half, window.count),
    right: at(window.start + half, window.count),
  };
}
