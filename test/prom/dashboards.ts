/** Every query of every dashboard, against Prometheus as it has scraped; and the table of it in docs/dashboards.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checks } from './checks.ts';
import { dashboardQueries, filledIn } from './queries.ts';
import type { RunningPrometheus } from './running-prometheus.ts';

const root = join(import.meta.dirname, '../..');
const file = join(root, 'docs/dashboards.md');
const marks = ['<!-- samples: made by UPDATE_GOLDEN=1 npm run test:prom -->\n', '<!-- /samples -->\n'] as const;

/**
 * @param damaged the host that has damage
 * @param empty one without persistent memory
 */
export async function checkDashboards(
  checks: Checks,
  prometheus: RunningPrometheus,
  { damaged, empty }: { readonly damaged: string; readonly empty: string },
): Promise<void> {
  const rows: string[] = [];
  for (const { dashboard, title, expr } of dashboardQueries(join(root, 'dashboards'))) {
    const ask = async (instance: string): Promise<number> =>
      (await prometheus.query(filledIn(expr, { instance }))).length;
    // modules with health and hosts that are down are others than the damaged one: there, all are chosen
    const scope = dashboard === 'pmemwatch-host' ? damaged : '.*';
    await checks.run(`${dashboard}, ${title}: something to see, and no error without persistent memory`, async () => {
      const [seen, none] = [await ask(scope), await ask(empty)];
      rows.push(
        `| ${dashboard} | ${title} | ${seen} | ${expr.includes('$instance') ? none : '-'} | \`${expr.replaceAll('|', '\\|')}\` |`,
      );
      if (seen === 0) throw new Error(`no result: ${filledIn(expr, { instance: scope })}`);
    });
  }
  const table = ['| dashboard | panel | samples | without pmem | query |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
  console.log(table);
  if (process.env['UPDATE_GOLDEN'] !== '1') return;
  const text = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    `${text.slice(0, text.indexOf(marks[0]) + marks[0].length)}\n${table}\n${text.slice(text.indexOf(marks[1]))}`,
  );
}
