import {
  Counter,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
} from 'prom-client';
import type { View, ViewOptions } from '../view.ts';
import type { Distribution, MetricDefinition, Sample } from './metric.ts';

export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}
export interface MetricsExporter {
  /** What the view holds, in the format that the `Accept` header asks for. */
  render(view: View, accept: string | undefined): Promise<MetricsText>;
}

type Format = PrometheusContentType | OpenMetricsContentType;
const textFormat: PrometheusContentType = Registry.PROMETHEUS_CONTENT_TYPE;
const openMetricsFormat: OpenMetricsContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * prom-client checks names and writes the formats; the metrics registered with it hold no values of their own, each
 * is asked for its samples when its text is made, so what has left the state has left the output. Text of the same
 * values is made once.
 */
export function createMetricsExporter(definitions: readonly MetricDefinition[]): MetricsExporter {
  const formats = new Map<Format, (view: View) => Promise<string>>();
  return {
    async render(view, accept) {
      const format = negotiateFormat(accept);
      let write = formats.get(format);
      if (write === undefined) {
        write = format === textFormat ? writer(definitions, textFormat) : writer(definitions, openMetricsFormat);
        formats.set(format, write);
      }
      return { contentType: format, body: await write(view) };
    },
  };
}

function writer<F extends Format>(
  definitions: readonly MetricDefinition[],
  format: F,
): (view: View) => Promise<string> {
  const registry = new Registry<F>();
  registry.setContentType(format);
  const texts = definitions.map((definition) => textOf(definition, registry, format));
  const [between, end] = format === openMetricsFormat ? ['\n', '\n# EOF\n'] : ['\n\n', '\n'];
  return async (view) => `${(await Promise.all(texts.map((text) => text(view)))).join(between)}${end}`;
}

/** The text of one metric: made anew when something that it has read of the view is another value now. */
function textOf<F extends Format>(
  definition: MetricDefinition,
  registry: Registry<F>,
  format: F,
): (view: View) => Promise<string> {
  let current: View | undefined;
  register(definition, registry, () => {
    if (current === undefined) throw new Error('metrics are asked for outside of a scrape');
    return expose(definition, current, format);
  });
  let last: { readonly read: Readonly<Partial<Parts>>; readonly text: Promise<string> } | undefined;
  return (view) => {
    const now = partsOf(view);
    if (last === undefined || !isSame(last.read, now)) {
      const read: Partial<Parts> = {};
      // prom-client asks the metric before its first await, so that concurrent scrapes cannot mix their views
      current = watched(now, read);
      last = { read, text: registry.getSingleMetricAsString(definition.name) };
      current = undefined;
    }
    return last.text;
  };
}

/** What a metric may read, each replaced and never changed in place: the state by each pass, the agent's status by each scrape. */
type Parts = Pick<View, 'state' | 'agent' | 'scrubsDue'> & ViewOptions;

function partsOf({ state, agent, options, scrubsDue }: View): Parts {
  return { state, agent, scrubsDue, paths: options.paths, damagedFiles: options.damagedFiles };
}
function isSame(read: Readonly<Partial<Parts>>, now: Parts): boolean {
  return (Object.keys(read) as (keyof Parts)[]).every((part) => read[part] === now[part]);
}
/** The view, noting in `read` what is taken from it. */
function watched(parts: Parts, read: Partial<Parts>): View {
  const take = <P extends keyof Parts>(part: P): Parts[P] => {
    read[part] = parts[part];
    return parts[part];
  };
  return {
    get state() {
      return take('state');
    },
    get agent() {
      return take('agent');
    },
    get scrubsDue() {
      return take('scrubsDue');
    },
    options: {
      get paths() {
        return take('paths');
      },
      get damagedFiles() {
        return take('damagedFiles');
      },
    },
  };
}

/** What prom-client's registry takes from a metric to write it (`getForPromString` of its own Histogram). */
interface Exposition {
  readonly name: string;
  readonly help: string;
  readonly type: MetricDefinition['type'];
  readonly values: readonly ExposedValue[];
}
interface ExposedValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

function register<F extends Format>(
  { name, help, type, labels }: MetricDefinition,
  registry: Registry<F>,
  exposed: () => Exposition,
): void {
  const kinds = { gauge: Gauge, counter: Counter, histogram: Histogram };
  const metric = new kinds[type]({ name, help, labelNames: [...labels], registers: [] });
  registry.registerMetric(Object.assign(metric, { getForPromString: exposed }));
}

function expose(definition: MetricDefinition, view: View, format: Format): Exposition {
  const { name, help, type } = definition;
  if (type === 'histogram')
    return { name, help, type, values: [...definition.samples(view)].flatMap((d) => seriesOf(name, d)) };
  // in OpenMetrics `_total` belongs to the sample, not to the family; prom-client adds it there
  const family = type === 'counter' && format === openMetricsFormat ? name.replace(/_total$/, '') : name;
  const values: Sample[] = [];
  for (const sample of definition.samples(view)) values.push(sample);
  return { name: family, help, type, values };
}

function seriesOf(name: string, { labels, buckets, count, sum }: Distribution): ExposedValue[] {
  return [
    ...buckets.map((b) => ({ metricName: `${name}_bucket`, labels: { ...labels, le: String(b.le) }, value: b.count })),
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

/**
 * OpenMetrics 1.0 where the client prefers it, else the text format, also where the client accepts neither: a
 * scraper is better off with a body it may refuse than with an error.
 */
export function negotiateFormat(accept: string | undefined): Format {
  const best = { openMetrics: 0, text: 0 };
  for (const range of (accept ?? '').split(',')) {
    const [media = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
    const parameters = new Map(rest.map((part) => part.split('=').map((side) => side.trim()) as [string, string]));
    const quality = Number(parameters.get('q') ?? 1);
    if (!(quality >= 0 && quality <= 1)) continue;
    const version = parameters.get('version');
    if (media === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      best.openMetrics = Math.max(best.openMetrics, quality);
    }
    const plain = media === 'text/plain' && (version === undefined || version === '0.0.4');
    if (plain || media === 'text/*' || media === '*/*') best.text = Math.max(best.text, quality);
  }
  return best.openMetrics > 0 && best.openMetrics >= best.text ? openMetricsFormat : textFormat;
}
