import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Panel {
  readonly type: string;
  readonly title?: string;
  readonly targets?: readonly { readonly expr?: string }[];
}
export interface DashboardQuery {
  /** name of the file without its ending */
  readonly dashboard: string;
  readonly title: string;
  readonly expr: string;
}

/** Every query of every dashboard, as it is written. @throws Error when there is none */
export function dashboardQueries(folder: string): DashboardQuery[] {
  const queries = globSync('*.json', { cwd: folder })
    .sort()
    .flatMap((file) => {
      const { panels } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { panels: readonly Panel[] };
      const dashboard = file.replace(/\.json$/, '');
      return panels.flatMap(({ title = '', targets = [] }) =>
        targets.map(({ expr = '' }) => ({ dashboard, title, expr })),
      );
    });
  if (queries.length === 0) throw new Error(`no dashboard in ${folder} asks anything`);
  return queries;
}

/** As Grafana would send it with these choices, and all clusters, hosts and modules where none is made. */
export function filledIn(expr: string, chosen: Readonly<Record<string, string>>): string {
  const values: Readonly<Record<string, string>> = {
    cluster: '.*',
    job: 'pmemwatch',
    instance: '.*',
    dimm: '.*',
    ...chosen,
  };
  return expr.replace(/\$(\w+)/g, (variable, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${variable} is not known in ${expr}`);
    return value;
  });
}
