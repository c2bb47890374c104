/** Panels as the dashboards need them: each says what it shows, in which unit, and asks Prometheus for it. */
import {
  DashboardLinkBuilder,
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export const datasource = { type: 'prometheus', uid: '$datasource' };

export interface Query {
  readonly expr: string;
  readonly legend?: string;
}
export interface PanelOptions {
  readonly title: string;
  readonly description: string;
  readonly unit?: string;
  readonly queries: readonly Query[];
  /** of 24 columns */
  readonly width: number;
}
export interface TableOptions extends PanelOptions {
  /** what stands above the value; without it the value is left out, as where it is always 1 */
  readonly value?: string;
  /** what an empty table says */
  readonly none?: string;
  /** what a click on a column opens */
  readonly links?: Readonly<Record<string, Link>>;
}
export interface Link {
  readonly title: string;
  readonly url: string;
}
export type AnyPanel = StatBuilder | TableBuilder | TimeseriesBuilder | StateTimelineBuilder;

export function badFrom(value: number): Threshold[] {
  return [
    { value: null, color: 'green' },
    { value, color: 'red' },
  ];
}
export function goodFrom(value: number): Threshold[] {
  return [
    { value: null, color: 'red' },
    { value, color: 'green' },
  ];
}

/** Words of the agent in the colours that they have everywhere. */
const words: ValueMap = mapping({
  ok: 'green',
  noncritical: 'yellow',
  warning: 'yellow',
  watch: 'yellow',
  plan: 'orange',
  now: 'red',
  critical: 'red',
  fatal: 'dark-red',
  unknown: 'purple',
  open: 'red',
  acknowledged: 'blue',
});
function mapping(colors: Readonly<Record<string, string>>): ValueMap {
  const entries = Object.entries(colors).map(([text, color], index) => [text, { text, color, index }] as const);
  return { type: MappingType.ValueToText, options: Object.fromEntries(entries) };
}
/** Health as a number, for a time line: see `healthCode`. */
const healthWords: ValueMap = {
  type: MappingType.ValueToText,
  options: Object.fromEntries(
    (
      [
        ['0', 'unknown', 'purple'],
        ['1', 'ok', 'green'],
        ['2', 'non-critical', 'yellow'],
        ['3', 'critical', 'red'],
        ['4', 'fatal', 'dark-red'],
      ] as const
    ).map(([value, text, color], index) => [value, { text, color, index }]),
  ),
};

export function stat(options: PanelOptions, steps: Threshold[]): StatBuilder {
  return dressed(new StatBuilder(), options, 'instant')
    .height(4)
    .noValue('not known')
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
}
/** Series whose legend ends with `limit` are drawn dashed. */
export function lines(options: PanelOptions): TimeseriesBuilder {
  return dressed(new TimeseriesBuilder(), options, 'range')
    .height(8)
    .min(0)
    .fillOpacity(10)
    .overrideByRegexp('/limit$/', [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
}
export function healthLines(options: PanelOptions): StateTimelineBuilder {
  return dressed(new StateTimelineBuilder(), options, 'range').height(8).mappings([healthWords]);
}
export function table(options: TableOptions): TableBuilder {
  const { value, none = 'none', links = {}, unit } = options;
  const panel = dressed(new TableBuilder(), options, 'table')
    .height(6)
    .noValue(none)
    .mappings([words])
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {
          Time: true,
          __name__: true,
          job: true,
          cluster: true,
          ...(value === undefined && { Value: true }),
        },
        ...(value !== undefined && { renameByName: { Value: value } }),
      },
    })
    .overrideByRegexp('/^(state|severity|advice)$/', [{ id: 'custom.cellOptions', value: { type: 'color-text' } }]);
  if (value !== undefined && unit !== undefined) panel.overrideByName(value, [{ id: 'unit', value: unit }]);
  for (const [column, link] of Object.entries(links)) {
    panel.overrideByName(column, [{ id: 'links', value: [{ ...link, targetBlank: false }] }]);
  }
  return panel;
}

export function link({ title, url }: Link, tooltip: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).url(url).tooltip(tooltip).keepTime(true).icon('external link');
}

function dressed<B extends AnyPanel>(
  panel: B,
  { title, description, unit, queries, width }: PanelOptions,
  kind: 'instant' | 'range' | 'table',
): B {
  panel.title(title).description(description).datasource(datasource).span(width);
  // of a table only the value has one: labels are words
  if (unit !== undefined && kind !== 'table') panel.unit(unit);
  queries.forEach(({ expr, legend }, i) => {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + i))
      .expr(expr)
      .datasource(datasource);
    if (legend !== undefined) query.legendFormat(legend);
    if (kind === 'range') query.range();
    else query.instant();
    if (kind === 'table') query.format(PromQueryFormat.Table);
    panel.withTarget(query);
  });
  return panel;
}
