import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Panel {
  readonly title?: string;
  readonly targets?: readonly { readonly expr?: string }[];
}

/** Every query of every dashboard, as Grafana would send it but for its variables. */
export function dashboardQueries(folder: string): { title: string; expr: string }[] {
  const queries = globSync('*.json', { cwd: folder }).flatMap((file) => {
    const { panels } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { panels: readonly Panel[] };
    return panels.flatMap(({ title = '', targets = [] }) => targets.map(({ expr = '' }) => ({ title, expr })));
  });
  if (queries.length === 0) throw new Error(`no dashboard in ${folder} asks anything`);
  return queries;
}
