/** The dashboard of one host. `npm run golden` writes pmemwatch-host.json from this. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { column, dashboard, hostSelector as host, type Row } from './parts/frame.ts';
import { badFrom, goodFrom, lines, stat, table } from './parts/panels.ts';

const runbook = { title: 'What to do', url: `http://$instance/runbook#${column('condition')}` };

export function hostDashboard(): Dashboard {
  return dashboard(
    'host',
    'Bad ranges of persistent memory, whose bytes they are, and how far the view can be trusted.',
    [now, damage, searches, agent],
  );
}

const now: Row = {
  title: 'Now',
  panels: [
    stat(
      {
        title: 'Open incidents',
        description: 'Everything that is not resolved, acknowledged or not.',
        queries: [{ expr: `sum(pmem_incidents{${host}})` }],
        width: 4,
      },
      badFrom(1),
    ),
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
    stat(
      {
        title: 'Damaged files',
        description: 'Files with bad bytes, each once; 0 also while owners are not known yet.',
        queries: [{ expr: `sum(pmem_damaged_files{${host}}) or vector(0)` }],
        width: 4,
      },
      badFrom(1),
    ),
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
    stat(
      {
        title: 'Buses not monitored',
        description: 'Nothing feeds the lists of these buses: however empty, they prove nothing.',
        queries: [{ expr: `count(pmem_error_detection{${host},source="none"}) or vector(0)` }],
        width: 4,
      },
      badFrom(1),
    ),
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
    table({
      title: 'Incidents',
      description:
        'By condition, severity and whether somebody has acknowledged them. A condition leads to what to do about it.',
      value: 'incidents',
      queries: [{ expr: `sum by (condition, severity, state) (pmem_incidents{${host}}) > 0` }],
      width: 12,
      links: { condition: runbook },
    }),
    table({
      title: 'Firing alerts',
      description: 'Of the shipped rules, about this host.',
      queries: [
        {
          expr: `sum by (alertname, severity, condition, device, dimm) (ALERTS{${host},source="prometheus",alertstate="firing"})`,
        },
      ],
      width: 12,
      links: { condition: runbook },
    }),
  ],
};

const damage: Row = {
  title: 'Damage',
  panels: [
    table({
      title: 'Devices',
      description: 'Bad bytes by device; uid is the physical identity, which stays when the kernel renumbers devices.',
      unit: 'bytes',
      value: 'bad',
      queries: [{ expr: `sum by (device, nd_namespace, nd_region, uid) (pmem_bad_bytes{${host}})` }],
      width: 12,
    }),
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
    table({
      title: 'Damaged files by name',
      description:
        'The worst of each device, by name or by hash: as metrics.paths in the configuration of the agent allows.',
      unit: 'bytes',
      value: 'bad',
      none: 'none, or metrics.paths is off: pmemwatch list on the host',
      queries: [{ expr: `sort_desc(sum by (path, mountpoint, device) (pmem_damaged_file_bytes{${host}}))` }],
      width: 16,
    }),
    table({
      title: 'Damaged files by mount point',
      description: 'All of them, whether they are shown by name or not.',
      value: 'files',
      queries: [{ expr: `sum by (device, mountpoint) (pmem_damaged_files{${host}})` }],
      width: 8,
    }),
    lines({
      title: 'Bad bytes by owner',
      description: 'Whose bytes they are: files, metadata, free space, not yet known.',
      unit: 'bytes',
      queries: [{ expr: `sum by (owner_kind) (pmem_bad_owner_bytes{${host}})`, legend: '{{owner_kind}}' }],
      width: 12,
    }),
    lines({
      title: 'Bad ranges found and cleared',
      description: 'Counted since the state file was made; a range that comes back is found again.',
      queries: [
        { expr: `sum by (uid, device) (pmem_bad_ranges_found_total{${host}})`, legend: 'found on {{device}} {{uid}}' },
        {
          expr: `sum by (uid, device) (pmem_bad_ranges_cleared_total{${host}})`,
          legend: 'cleared on {{device}} {{uid}}',
        },
      ],
      width: 12,
    }),
  ],
};

const searches: Row = {
  title: 'Searches for latent errors',
  panels: [
    table({
      title: 'Next scrub',
      description: 'When the schedule asks for the next search of each bus; no row: never by itself.',
      unit: 'dateTimeAsIso',
      value: 'due',
      none: 'never by itself',
      queries: [{ expr: `sum by (bus) (pmem_scrub_next_due_timestamp_seconds{${host}}) * 1000` }],
      width: 8,
    }),
    table({
      title: 'Not searched in full for',
      description:
        'Since the last scrub that pmemwatch asked for and saw through (others may have been short), or since it first saw the bus.',
      unit: 's',
      value: 'for',
      queries: [{ expr: `time() - sum by (bus) (pmem_scrub_unsearched_since_timestamp_seconds{${host}})` }],
      width: 8,
    }),
    lines({
      title: 'Scrubs',
      description: 'Whether one runs, and how many have ended, of any type.',
      queries: [
        { expr: `pmem_scrub_in_progress{${host}}`, legend: '{{bus}} runs' },
        { expr: `pmem_scrubs_total{${host}}`, legend: '{{bus}} ended' },
      ],
      width: 8,
    }),
  ],
};

const agent: Row = {
  title: 'The agent',
  panels: [
    lines({
      title: 'Messages',
      description: 'Waiting in the outbox, and given up, by receiver.',
      queries: [
        { expr: `pmemwatch_outbox_pending{${host}}`, legend: '{{receiver}} waiting' },
        { expr: `pmemwatch_notifications_total{${host},outcome="rejected"}`, legend: '{{receiver}} given up' },
      ],
      width: 6,
    }),
    lines({
      title: 'Age of what is shown',
      description: 'Time since each collector last succeeded, by the clocks of Prometheus and of the host.',
      unit: 's',
      queries: [
        { expr: `time() - pmemwatch_collector_last_success_timestamp_seconds{${host}}`, legend: '{{collector}}' },
      ],
      width: 6,
    }),
    lines({
      title: 'Time to read',
      description: 'How long each collector took the last time.',
      unit: 's',
      queries: [{ expr: `pmemwatch_collector_duration_seconds{${host}}`, legend: '{{collector}}' }],
      width: 6,
    }),
    lines({
      title: 'Time to find an owner',
      description: '95th percentile since the agent started, by file system.',
      unit: 's',
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (le, fstype) (pmemwatch_resolve_duration_seconds_bucket{${host}}))`,
          legend: '{{fstype}}',
        },
      ],
      width: 6,
    }),
  ],
};
