/** What all dashboards have around their panels: variables, links to each other, rows. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLinkBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type AnyPanel, datasource, link } from './panels.ts';

/** Put into every selector of the dashboard of many hosts. `cluster` matches where there is no such label, too. */
export const fleetSelector = 'cluster=~"$cluster",job=~"$job"';
export const hostSelector = `${fleetSelector},instance="$instance"`;
export const moduleSelector = `${fleetSelector},instance=~"$instance",dimm=~"$dimm"`;

type Scope = 'fleet' | 'host' | 'modules';
export interface Row {
  readonly title: string;
  readonly panels: readonly AnyPanel[];
}

/** The dashboards by scope; each links to the others with its choice of hosts. */
const titles: Readonly<Record<Scope, string>> = {
  fleet: 'pmemwatch: all hosts',
  host: 'pmemwatch: one host',
  modules: 'pmemwatch: modules',
};
export const uidOf = (scope: Scope): string => `pmemwatch-${scope}`;
/** What Grafana puts into a link for the value of a column. */
export const column = (name: string): string => `\${__data.fields.${name}}`;
/** The dashboard of the host in the column `instance`. */
export function hostUrl(): string {
  return `/d/${uidOf('host')}?var-datasource=\${datasource}&\${cluster:queryparam}&\${job:queryparam}&var-instance=${column('instance')}`;
}

export function dashboard(scope: Scope, description: string, rows: readonly Row[]): Dashboard {
  const builder = new DashboardBuilder(titles[scope])
    .uid(uidOf(scope))
    .description(description)
    .tags(['pmemwatch', 'storage'])
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      chosen('cluster', 'Cluster', 'label_values(pmemwatch_build_info, cluster)')
        .multi(true)
        .includeAll(true)
        .allValue('.*'),
    )
    .withVariable(
      // all of these, and not any job: `up` is there for every other exporter as well
      chosen('job', 'Job', 'label_values(pmemwatch_build_info{cluster=~"$cluster"}, job)').multi(true).includeAll(true),
    );
  const hosts = chosen('instance', 'Host', `label_values(pmemwatch_build_info{${fleetSelector}}, instance)`);
  if (scope === 'host') builder.withVariable(hosts);
  if (scope === 'modules') {
    builder.withVariable(hosts.multi(true).includeAll(true).allValue('.*'));
    const modules = `label_values(nvdimm_info{${fleetSelector},instance=~"$instance"}, dimm)`;
    builder.withVariable(chosen('dimm', 'Module', modules).multi(true).includeAll(true).allValue('.*'));
  }
  builder.links(linksOf(scope));
  for (const { title, panels } of rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return builder.build();
}

function linksOf(scope: Scope): DashboardLinkBuilder[] {
  const others = (Object.keys(titles) as Scope[]).filter((other) => other !== scope);
  const links = others.map((other) =>
    link({ title: titles[other], url: `/d/${uidOf(other)}` }, 'With the same hosts and time').includeVars(true),
  );
  if (scope !== 'host') return links;
  return [
    ...links,
    link({ title: 'Page of the agent', url: 'http://$instance/' }, 'Where the agent can be reached from your browser'),
    link({ title: 'Runbook', url: 'http://$instance/runbook' }, 'What to do about each condition, as the agent has it'),
  ];
}

function chosen(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}
