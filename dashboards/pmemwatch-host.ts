/** The dashboard of one host. `npm run golden` writes pmemwatch-host.json from this. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const datasource = { type: 'prometheus', uid: '$datasource' };
/** Put into every selector. */
const host = 'instance="$instance"';

interface Query {
  readonly expr: string;
  readonly legend?: string;
}
interface PanelOptions {
  readonly title: string;
  readonly description: string;
  readonly unit?: string;
  readonly queries: readonly Query[];
  /** of 24 columns */
  readonly width: number;
}

export function hostDashboard(): Dashboard {
  return new DashboardBuilder('pmemwatch: one host')
    .uid('pmemwatch-host')
    .description('Bad ranges of persistent memory, whose bytes they are, and how far the view can be trusted.')
    .tags(['pmemwatch', 'storage'])
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('instance')
        .label('Host')
        .datasource(datasource)
        .query('label_values(pmemwatch_build_info, instance)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc),
    )
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          title: 'Open incidents',
          description: 'Everything that is not resolved, acknowledged or not.',
          queries: [{ expr: `sum(pmem_incidents{${host}})` }],
          width: 4,
        },
        badFrom(1),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Bad bytes',
          description:
            'Bytes that the kernel lists as bad. Look at "Lists" too: at 0 there, this is the last known value.',
          unit: 'bytes',
          queries: [{ expr: `sum(pmem_bad_bytes{${host}})` }],
          width: 4,
        },
        badFrom(1),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Damaged files',
          description: 'Files with bad bytes, each once; 0 also while owners are not known yet.',
          queries: [{ expr: `sum(pmem_damaged_files{${host}}) or vector(0)` }],
          width: 4,
        },
        badFrom(1),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Lists that can be trusted',
          description:
            'Share of the bad-block lists that are readable and complete. Below 100 % something may be unseen.',
          unit: 'percentunit',
          queries: [{ expr: `avg(pmem_badblocks_readable{${host}} * pmem_badblocks_complete{${host}})` }],
          width: 4,
        },
        goodFrom(1),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Buses not monitored',
          description: 'Nothing feeds the lists of these buses: however empty, they prove nothing.',
          queries: [{ expr: `count(pmem_error_detection{${host},source="none"}) or vector(0)` }],
          width: 4,
        },
        badFrom(1),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Oldest reading',
          description: 'Time since the list that was read longest ago was read well.',
          unit: 's',
          queries: [{ expr: `time() - min(pmem_badblocks_last_read_timestamp_seconds{${host}})` }],
          width: 4,
        },
        badFrom(900),
      ),
    )
    .withRow(new RowBuilder('Damage'))
    .withPanel(
      table({
        title: 'Devices',
        description:
          'Bad bytes by device; uid is the physical identity, which stays when the kernel renumbers devices.',
        unit: 'bytes',
        queries: [{ expr: `sum by (device, nd_namespace, nd_region, uid) (pmem_bad_bytes{${host}})` }],
        width: 12,
      }),
    )
    .withPanel(
      table({
        title: 'Modules behind damage',
        description: 'The modules and slots that hold bad bytes; of an interleaved region every module that can.',
        queries: [
          {
            expr: `pmem_region_mapping_info{${host}} * on (dimm) group_left (name, locator, serial) nvdimm_info{${host}} and on (nd_region) pmem_bad_bytes{${host}} > 0`,
          },
        ],
        width: 12,
      }),
    )
    .withPanel(
      timeseries({
        title: 'Bad bytes by owner',
        description: 'Whose bytes they are: files, metadata, free space, not yet known.',
        unit: 'bytes',
        queries: [{ expr: `sum by (owner_kind) (pmem_bad_owner_bytes{${host}})`, legend: '{{owner_kind}}' }],
        width: 12,
      }),
    )
    .withPanel(
      timeseries({
        title: 'Bad ranges found and cleared',
        description: 'Counted since the state file was made; a range that comes back is found again.',
        queries: [
          {
            expr: `sum by (uid, device) (pmem_bad_ranges_found_total{${host}})`,
            legend: 'found on {{device}} {{uid}}',
          },
          {
            expr: `sum by (uid, device) (pmem_bad_ranges_cleared_total{${host}})`,
            legend: 'cleared on {{device}} {{uid}}',
          },
        ],
        width: 12,
      }),
    )
    .withPanel(
      table({
        title: 'Damaged files by mount point',
        description: 'Their names: pmemwatch list on the host, or metrics.paths in its configuration.',
        queries: [{ expr: `sum by (device, mountpoint) (pmem_damaged_files{${host}})` }],
        width: 8,
      }),
    )
    .withPanel(
      table({
        title: 'Incidents',
        description: 'By condition, severity and whether somebody has acknowledged them.',
        queries: [{ expr: `sum by (condition, severity, state) (pmem_incidents{${host}})` }],
        width: 8,
      }),
    )
    .withPanel(
      table({
        title: 'Flags of modules',
        description: 'How many modules have each flag set (not_armed, save_fail, ...).',
        queries: [{ expr: `sum by (flag) (nvdimm_flag{${host}})` }],
        width: 8,
      }),
    )
    .withPanel(
      table({
        title: 'Next scrub',
        description:
          'When the schedule asks for the next search of each bus for latent errors; no row: never by itself.',
        unit: 'dateTimeAsIso',
        queries: [{ expr: `pmem_scrub_next_due_timestamp_seconds{${host}} * 1000` }],
        width: 8,
      }),
    )
    .withPanel(
      table({
        title: 'Not searched in full for',
        description:
          'Since the last scrub that pmemwatch asked for and saw through (others may have been short), or since it first saw the bus.',
        unit: 's',
        queries: [{ expr: `time() - pmem_scrub_unsearched_since_timestamp_seconds{${host}}` }],
        width: 8,
      }),
    )
    .withPanel(
      timeseries({
        title: 'Scrubs',
        description: 'Whether one runs, and how many have ended, of any type.',
        queries: [
          { expr: `pmem_scrub_in_progress{${host}}`, legend: '{{bus}} runs' },
          { expr: `pmem_scrubs_total{${host}}`, legend: '{{bus}} ended' },
        ],
        width: 8,
      }),
    )
    .withRow(new RowBuilder('The agent'))
    .withPanel(
      timeseries({
        title: 'Messages',
        description: 'Waiting in the outbox, and given up, by receiver.',
        queries: [
          { expr: `pmemwatch_outbox_pending{${host}}`, legend: '{{receiver}} waiting' },
          { expr: `pmemwatch_notifications_total{${host},outcome="rejected"}`, legend: '{{receiver}} given up' },
        ],
        width: 8,
      }),
    )
    .withPanel(
      timeseries({
        title: 'Time to read',
        description: 'How long each collector took the last time.',
        unit: 's',
        queries: [{ expr: `pmemwatch_collector_duration_seconds{${host}}`, legend: '{{collector}}' }],
        width: 8,
      }),
    )
    .withPanel(
      timeseries({
        title: 'Time to find an owner',
        description: '95th percentile since the agent started, by file system.',
        unit: 's',
        queries: [
          {
            expr: `histogram_quantile(0.95, sum by (le, fstype) (pmemwatch_resolve_duration_seconds_bucket{${host}}))`,
            legend: '{{fstype}}',
          },
        ],
        width: 8,
      }),
    )
    .build();
}

function badFrom(value: number): Threshold[] {
  return [
    { value: null, color: 'green' },
    { value, color: 'red' },
  ];
}
function goodFrom(value: number): Threshold[] {
  return [
    { value: null, color: 'red' },
    { value, color: 'green' },
  ];
}

function stat(options: PanelOptions, steps: Threshold[]): StatBuilder {
  return dressed(new StatBuilder(), options, 'instant')
    .height(4)
    .noValue('not known')
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
}
function timeseries(options: PanelOptions): TimeseriesBuilder {
  return dressed(new TimeseriesBuilder(), options, 'range').height(8).min(0).fillOpacity(10);
}
function table(options: PanelOptions): TableBuilder {
  return dressed(new TableBuilder(), options, 'table')
    .height(8)
    .noValue('none')
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true, instance: true, job: true } } });
}

function dressed<B extends StatBuilder | TableBuilder | TimeseriesBuilder>(
  panel: B,
  { title, description, unit, queries, width }: PanelOptions,
  kind: 'instant' | 'range' | 'table',
): B {
  panel.title(title).description(description).datasource(datasource).span(width);
  if (unit !== undefined) panel.unit(unit);
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
