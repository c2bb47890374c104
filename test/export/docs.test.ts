/** docs/metrics.md is made from the registry (`npm run golden`), and nothing shipped names a metric that does not exist. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allMetrics, metricGroups } from '../../src/export/metrics/metrics.ts';

const root = join(import.meta.dirname, '../..');
const file = join(root, 'docs/metrics.md');
const marks = ['<!-- metrics: made by npm run golden -->\n', '<!-- /metrics -->\n'] as const;

function table(): string {
  const titles: Readonly<Record<string, string>> = {
    agent: 'The agent itself',
    'bad-blocks': 'Bad-block lists',
    dimms: 'Modules',
    health: 'Health of the modules',
    incidents: 'Incidents',
    owners: 'Owners of bad bytes',
    scrub: 'Scrubs',
    topology: 'Inventory',
  };
  return metricGroups
    .map(({ name, metrics }) => {
      const rows = metrics.map((m) => {
        const labels = m.labels.map((label) => `\`${label}\``).join(', ');
        return `| \`${m.name}\` | ${m.type} | ${labels} | ${m.help.replaceAll('|', '\\|')} |`;
      });
      const title = titles[name];
      assert.ok(title !== undefined, `the group ${name} has no title in docs/metrics.md`);
      return `### ${title}\n\n| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
    })
    .join('\n');
}

test('docs/metrics.md tells every metric of the registry and no other', () => {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(marks[0]) + marks[0].length;
  const to = text.indexOf(marks[1]);
  assert.ok(from >= marks[0].length && to >= from, 'docs/metrics.md has lost the marks around its table');
  if (process.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(file, `${text.slice(0, from)}\n${table()}\n${text.slice(to)}`);
  const now = readFileSync(file, 'utf8');
  assert.ok(now.includes(table()), 'docs/metrics.md is not current: run npm run golden');
  for (const name of metricNamesIn(now)) assert.ok(exists(name), `docs/metrics.md names ${name}, which does not exist`);
});

const shipped = globSync(['dashboards/*.json', 'deploy/prometheus/*.rules.yml', 'deploy/prometheus/tests/*.yml'], {
  cwd: root,
});

test('there are dashboards and rules to look at', () => {
  assert.ok(shipped.length >= 3, shipped.join(', '));
});
for (const name of shipped) {
  test(`every metric that ${name} names exists`, () => {
    const names = metricNamesIn(readFileSync(join(root, name), 'utf8'));
    assert.ok(names.length > 0, 'it names no metric');
    for (const metric of names) assert.ok(exists(metric), `${name} names ${metric}, which does not exist`);
  });
}

function metricNamesIn(text: string): string[] {
  return [...new Set(text.match(/\b(?:pmemwatch|pmem|nvdimm)_[a-z_]+\b/g) ?? [])];
}
function exists(name: string): boolean {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return allMetrics().some((m) => m.name === name || (m.type === 'histogram' && m.name === base));
}
