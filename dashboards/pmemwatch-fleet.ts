/** The dashboard of all hosts. `npm run golden` writes pmemwatch-fleet.json from this. Over time it shows what the shipped rules record. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, fleetSelector as fleet, hostUrl, type Row } from './parts/frame.ts';
import { badFrom, goodFrom, lines, stat, table } from './parts/panels.ts';

const toHost = { instance: { title: 'This host', url: hostUrl() } };

export function fleetDashboard(): Dashboard {
  return dashboard(
    'fleet',
    'Which hosts have damage, which modules are to be replaced, and which hosts nobody watches. Its lines over time need the shipped rules.',
    [now, hosts, overTime],
  );
}

const now: Row = {
  title: 'Now',
  panels: [
    stat(
      {
        title: 'Agents up',
        description: 'Targets of the job that can be scraped.',
        queries: [{ expr: `count(pmemwatch_build_info{${fleet}})` }],
        width: 3,
      },
      goodFrom(1),
    ),
    stat(
      {
        title: 'Agents down',
        description: 'Nobody watches the persistent memory of these hosts.',
        queries: [{ expr: `count(up{${fleet}} == 0) or vector(0)` }],
        width: 3,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Hosts losing data',
        description: 'With a critical media error that is not resolved, acknowledged or not.',
        queries: [
          {
            expr: `count(sum by (cluster, job, instance) (pmem_incidents{${fleet},condition="media_error",severity="critical"}) > 0) or vector(0)`,
          },
        ],
        width: 3,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Damaged files',
        description: 'On all hosts.',
        queries: [{ expr: `sum(pmem_damaged_files{${fleet}}) or vector(0)` }],
        width: 3,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Bad bytes',
        description: 'On all hosts.',
        unit: 'bytes',
        queries: [{ expr: `sum(pmem_bad_bytes{${fleet}}) or vector(0)` }],
        width: 3,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Blind spots',
        description: 'Hosts with a list that is unreadable or incomplete.',
        queries: [
          {
            expr: `count(min by (cluster, job, instance) (pmem_badblocks_readable{${fleet}} * pmem_badblocks_complete{${fleet}}) == 0) or vector(0)`,
          },
        ],
        width: 3,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Not monitored',
        description: 'Hosts with a bus whose lists nothing feeds: however empty, they prove nothing.',
        queries: [
          {
            expr: `count(count by (cluster, job, instance) (pmem_error_detection{${fleet},source="none"})) or vector(0)`,
          },
        ],
        width: 3,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'To be replaced',
        description: 'Modules with the advice plan or now.',
        queries: [{ expr: `sum(nvdimm_replacement_advice{${fleet},advice=~"plan|now"}) or vector(0)` }],
        width: 3,
      },
      badFrom(1),
    ),
  ],
};

const hosts: Row = {
  title: 'Which hosts',
  panels: [
    table({
      title: 'Hosts with damage',
      description: 'The 50 with the most bad bytes.',
      unit: 'bytes',
      value: 'bad',
      queries: [{ expr: `topk(50, sum by (cluster, instance) (pmem_bad_bytes{${fleet}}) > 0)` }],
      width: 8,
      links: toHost,
    }),
    table({
      title: 'Open incidents',
      description: 'That nobody has acknowledged, by host and condition; 100 at most.',
      value: 'incidents',
      queries: [
        {
          expr: `topk(100, sum by (cluster, instance, condition, severity) (pmem_incidents{${fleet},state="open"}) > 0)`,
        },
      ],
      width: 8,
      links: toHost,
    }),
    table({
      title: 'Modules to replace',
      description: 'With their slots and what to order.',
      queries: [
        {
          expr: `(nvdimm_replacement_advice{${fleet},advice=~"plan|now"} == 1) * on (cluster, job, instance, dimm) group_left (locator, part_number, serial) nvdimm_info{${fleet}}`,
        },
      ],
      width: 8,
      links: toHost,
    }),
    table({
      title: 'Agents that do not answer',
      description:
        'Or that have dropped out of service discovery within six hours, as the rule PmemwatchTargetGone sees it.',
      queries: [
        {
          expr: `up{${fleet}} == 0 or sum by (cluster, job, instance) (ALERTS{${fleet},alertname="PmemwatchTargetGone"})`,
        },
      ],
      width: 8,
      links: toHost,
    }),
    table({
      title: 'Longest not searched in full',
      description: 'The 20 buses on which latent errors have waited longest. Dashes where a bus cannot be searched.',
      unit: 's',
      value: 'for',
      queries: [
        {
          expr: `topk(20, time() - sum by (cluster, instance, bus) (pmem_scrub_unsearched_since_timestamp_seconds{${fleet}}))`,
        },
      ],
      width: 8,
      links: toHost,
    }),
    table({
      title: 'Hottest modules',
      description: 'The 20 nearest to the limit that they have set for themselves: 100 % is the limit.',
      unit: 'percentunit',
      value: 'of the limit',
      queries: [
        {
          expr: `topk(20, max by (cluster, instance, dimm) (nvdimm_temperature_celsius{${fleet}} / nvdimm_temperature_threshold_celsius{${fleet}}))`,
        },
      ],
      width: 8,
      links: toHost,
    }),
  ],
};

const overTime: Row = {
  title: 'Over time',
  panels: [
    lines({
      title: 'Incidents',
      description: 'Not resolved, by condition. Recorded by the shipped rules.',
      queries: [{ expr: `sum by (condition) (job:pmem_incidents:sum{${fleet}})`, legend: '{{condition}}' }],
      width: 6,
    }),
    lines({
      title: 'Bad bytes over time',
      description: 'By cluster. Recorded by the shipped rules.',
      unit: 'bytes',
      queries: [{ expr: `job:pmem_bad_bytes:sum{${fleet}}`, legend: '{{cluster}} {{job}}' }],
      width: 6,
    }),
    lines({
      title: 'Modules by advice',
      description: 'Recorded by the shipped rules.',
      queries: [{ expr: `sum by (advice) (job:nvdimm_replacement_advice:sum{${fleet}})`, legend: '{{advice}}' }],
      width: 6,
    }),
    lines({
      title: 'Agents by version',
      description: 'During a roll-out the lines cross. Recorded by the shipped rules.',
      queries: [{ expr: `sum by (version) (job:pmemwatch_build_info:count{${fleet}})`, legend: '{{version}}' }],
      width: 6,
    }),
  ],
};
