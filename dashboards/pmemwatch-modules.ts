/** The dashboard of modules (DIMM health). `npm run golden` writes pmemwatch-modules.json from this. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, fleetSelector, hostUrl, moduleSelector as modules, type Row } from './parts/frame.ts';
import { badFrom, goodFrom, healthLines, lines, stat, table } from './parts/panels.ts';

/** Slot and what to order beside what is said by module only. */
const named = `on (cluster, job, instance, dimm) group_left (locator, serial, part_number) nvdimm_info{${modules}}`;
const hosts = `${fleetSelector},instance=~"$instance"`;
const toHost = { title: 'This host', url: hostUrl() };
const module = '{{instance}} {{dimm}}';
/** 0 unknown, 1 ok, 2 non-critical, 3 critical, 4 fatal */
const healthCode = ['unknown', 'ok', 'noncritical', 'critical', 'fatal']
  .map((state, code) => `${code} * nvdimm_health_state{${modules},state="${state}"}`)
  .join(' or ');

export function modulesDashboard(): Dashboard {
  return dashboard(
    'modules',
    'Health of NVDIMMs as they give it themselves, beside the thresholds that they have set for themselves.',
    [now, overTime, behind],
  );
}

const now: Row = {
  title: 'Now',
  panels: [
    stat(
      {
        title: 'Modules',
        description: 'That the kernel knows.',
        queries: [{ expr: `count(nvdimm_info{${modules}})` }],
        width: 4,
      },
      goodFrom(1),
    ),
    stat(
      {
        title: 'Not known to be ok',
        description:
          'Modules whose health is anything but ok. Unknown is not ok: many platforms tell no health at all.',
        queries: [{ expr: `sum(nvdimm_health_state{${modules},state!="ok"})` }],
        width: 4,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'To be replaced',
        description: 'Modules with the advice plan or now.',
        queries: [{ expr: `sum(nvdimm_replacement_advice{${modules},advice=~"plan|now"})` }],
        width: 4,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Alarms on',
        description: 'As the modules show them.',
        queries: [{ expr: `sum(nvdimm_alarm_active{${modules}})` }],
        width: 4,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Not readable',
        description: 'Modules whose last health reading failed, or that offer none.',
        queries: [{ expr: `count(nvdimm_health_readable{${modules}} == 0) or vector(0)` }],
        width: 4,
      },
      badFrom(1),
    ),
    stat(
      {
        title: 'Least margin to a limit',
        description:
          'Of temperature: the sensor that is nearest to the limit that its module has set. Below 0: over it.',
        unit: 'celsius',
        queries: [
          { expr: `min(nvdimm_temperature_threshold_celsius{${modules}} - nvdimm_temperature_celsius{${modules}})` },
        ],
        width: 4,
      },
      goodFrom(5),
    ),
    table({
      title: 'Health',
      description: 'The state that each module gives, with its slot and what to order in its place.',
      queries: [{ expr: `(nvdimm_health_state{${modules}} == 1) * ${named}` }],
      width: 12,
      links: { instance: toHost },
    }),
    table({
      title: 'Advice',
      description: 'What the replacement policy says. docs/replacement-advice.md tells how that can be wrong.',
      none: 'too little is known',
      queries: [{ expr: `(nvdimm_replacement_advice{${modules}} == 1) * ${named}` }],
      width: 12,
      links: { instance: toHost },
    }),
    table({
      title: 'Flags and alarms that are set',
      description: 'As kernel (nfit/flags) and module show them.',
      queries: [
        {
          expr: `sum by (instance, dimm, flag, alarm) ((nvdimm_flag{${modules}} == 1) or (nvdimm_alarm_active{${modules}} == 1))`,
        },
      ],
      width: 12,
      links: { instance: toHost },
    }),
    table({
      title: 'Shutdowns',
      description: 'Dirty ones in the life of the module. A rise is an incident of its own.',
      value: 'dirty shutdowns',
      queries: [{ expr: `nvdimm_dirty_shutdowns_total{${modules}}` }],
      width: 12,
      links: { instance: toHost },
    }),
  ],
};

const overTime: Row = {
  title: 'Over time',
  panels: [
    healthLines({
      title: 'Health over time',
      description: 'A module that does not answer is unknown, not ok.',
      queries: [{ expr: `sum by (instance, dimm) (${healthCode})`, legend: module }],
      width: 12,
    }),
    lines({
      title: 'Temperature',
      description: 'Dashed: the limit that the module has set for itself. None where its alarm is switched off.',
      unit: 'celsius',
      queries: [
        { expr: `nvdimm_temperature_celsius{${modules}}`, legend: `${module} {{sensor}}` },
        { expr: `nvdimm_temperature_threshold_celsius{${modules}}`, legend: `${module} {{sensor}} limit` },
      ],
      width: 12,
    }),
    lines({
      title: 'Spare capacity',
      description: 'What is left to hide bad blocks with. Dashed: where the module raises its alarm.',
      unit: 'percentunit',
      queries: [
        { expr: `nvdimm_spare_ratio{${modules}}`, legend: module },
        { expr: `nvdimm_spare_threshold_ratio{${modules}}`, legend: `${module} limit` },
      ],
      width: 12,
    }),
    lines({
      title: 'Life used',
      description: 'Of the media, and of the energy source where there is one: 100 % is the rated end.',
      unit: 'percentunit',
      queries: [
        { expr: `nvdimm_life_used_ratio{${modules}}`, legend: module },
        { expr: `nvdimm_energy_source_life_used_ratio{${modules}}`, legend: `${module} energy source` },
      ],
      width: 12,
    }),
  ],
};

const behind: Row = {
  title: 'Damage, and how far the view can be trusted',
  panels: [
    table({
      title: 'Modules behind damage',
      description: 'The modules and slots that hold bad bytes; of an interleaved region every module that can.',
      queries: [
        {
          expr: `pmem_region_mapping_info{${modules}} * ${named} and on (cluster, job, instance, nd_region) pmem_bad_bytes{${hosts}} > 0`,
        },
      ],
      width: 12,
      links: { instance: toHost },
    }),
    lines({
      title: 'New bad ranges in a day',
      description: 'By region. More than one a day on one module is a module that goes on failing.',
      queries: [
        {
          expr: `sum by (instance, nd_region) (increase(pmem_bad_ranges_found_total{${hosts}}[1d]))`,
          legend: '{{instance}} {{nd_region}}',
        },
      ],
      width: 6,
    }),
    lines({
      title: 'Age of the last answer',
      description: 'Time since each module last answered.',
      unit: 's',
      queries: [{ expr: `time() - nvdimm_health_last_read_timestamp_seconds{${modules}}`, legend: module }],
      width: 6,
    }),
  ],
};
