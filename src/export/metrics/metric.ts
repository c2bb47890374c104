import type { View } from '../view.ts';

/**
 * A metric is a pure function from what is in memory to samples. What is not known has no sample; what is gone from
 * the state is gone from the output.
 */
export interface ValueMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  samples(view: View): Iterable<Sample>;
}
/** Its series carry the whole distribution; `le` and the name suffixes are added when it is written out. */
export interface HistogramMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'histogram';
  readonly labels: readonly string[];
  samples(view: View): Iterable<Distribution>;
}
export type MetricDefinition = ValueMetric | HistogramMetric;

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
export interface Distribution {
  readonly labels: Readonly<Record<string, string>>;
  /** cumulative, by rising upper bound, without +Inf */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

/** Metrics of one subject, in the order they are written out. */
export interface MetricGroup {
  readonly name: string;
  readonly metrics: readonly MetricDefinition[];
}

/** Seconds since the epoch, as Prometheus writes times. */
export function secondsOf(ms: number): number {
  return ms / 1000;
}
