/** Each shipped alert has its page in docs/runbooks and unit tests that see it come, stay away and end; names hold together. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { runbook } from '../../src/export/runbook.ts';
import { conditions, dimmConditions } from '../../src/model/incident.ts';
import { alertnameFor } from '../../src/notify/alertmanager.ts';

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface RuleTest {
  readonly name: string;
  readonly alert_rule_test?: readonly {
    readonly eval_time: string;
    readonly alertname: string;
    readonly exp_alerts: readonly object[];
  }[];
}
const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const rules = (parse(read('deploy/prometheus/pmemwatch.rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const names = [...new Set(alerts.map(({ alert }) => alert))];
const records = rules.flatMap(({ record }) => record ?? []);
const tests = globSync('deploy/prometheus/tests/*.yml', { cwd: root }).flatMap(
  (file) => (parse(read(file)) as { tests: RuleTest[] }).tests,
);
const page = (alert: string): string => read(`docs/runbooks/${alert}.md`);

/** Conditions that a rule tells of: by its label, or by the incidents that it counts. */
function conditionsOf({ labels, expr }: Rule): string[] {
  const own = labels?.['condition'];
  if (own !== undefined) return [own];
  const [, operator, pattern = ''] = /pmem_incidents:held\{condition(=~?)"([^"]+)"/.exec(expr) ?? [];
  const without = /condition!="([^"]+)"/.exec(expr)?.[1];
  const matches = operator === '=~' ? RegExp(`^(${pattern})$`) : RegExp(`^${pattern}$`);
  return conditions.filter((condition) => matches.test(condition) && condition !== without);
}

test('there are rules and tests of them to look at', () => {
  assert.ok(names.length >= 16 && records.length >= 10 && tests.length >= 15);
});

for (const name of names) {
  const own = alerts.filter(({ alert }) => alert === name);

  test(`${name} has a page that says what it means, its impact, how to look and what to do`, () => {
    const text = page(name);
    assert.ok(text.startsWith(`# ${name}\n`));
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, ['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
    for (const part of text.split(/^## .+$/m).slice(1)) assert.ok(part.trim().length > 60, `${name}: ${part}`);
    for (const condition of own.flatMap(conditionsOf)) {
      assert.ok(
        text.includes(`[${condition}](../runbook.md#${condition})`),
        `${condition} does not lead to the runbook`,
      );
      assert.ok(condition in runbook, `the runbook does not know ${condition}`);
    }
  });

  test(`${name} links to that page, and says for whom and how bad it is`, () => {
    for (const { labels = {}, annotations = {} } of own) {
      const anchor = name === 'NvdimmIncident' ? '#{{ $labels.condition }}' : '';
      assert.equal(annotations['runbook_url'], `https://runbooks.example/pmemwatch/${name}.md${anchor}`);
      assert.equal(labels['source'], 'prometheus');
      assert.match(annotations['summary'] ?? '', /\$labels\.instance/);
      assert.ok((annotations['description'] ?? '').length > 60);
    }
  });

  test(`${name} is seen to stay away, to fire and to end by one of its unit tests`, () => {
    const seen = tests.map(({ alert_rule_test: looks = [] }) => {
      const own = looks.filter(({ alertname }) => alertname === name);
      own.sort((a, b) => minutes(a.eval_time) - minutes(b.eval_time));
      return own.map(({ exp_alerts }) => (exp_alerts.length > 0 ? 'fires' : 'silent')).join(' ');
    });
    assert.ok(
      seen.some((course) => /silent.*fires.*silent/.test(course)),
      `seen: ${seen.filter((course) => course !== '').join(', ')}`,
    );
  });
}
function minutes(time: string): number {
  const [, count, unit] = /^(\d+)(m|h)$/.exec(time) ?? [];
  assert.ok(count !== undefined, `${time} is not in minutes or hours`);
  return Number(count) * (unit === 'h' ? 60 : 1);
}

test('every page is of an alert, and the anchors of the conditions of modules are there', () => {
  const pages = globSync('docs/runbooks/*.md', { cwd: root }).map((file) => basename(file, '.md'));
  assert.deepEqual(pages.filter((name) => name !== 'README').sort(), [...names].sort());
  const anchors = [...page('NvdimmIncident').matchAll(/<a id="(\w+)">/g)].map(([, anchor]) => anchor);
  assert.deepEqual(anchors.sort(), dimmConditions.filter((condition) => condition !== 'dimm_replace').sort());
});

test('every series with a colon that a rule or a dashboard asks for is recorded by a rule', () => {
  const shipped = globSync(['deploy/prometheus/**/*.yml', 'dashboards/*.json'], { cwd: root });
  for (const file of shipped) {
    const asked = read(file).match(/\b(?:device|uid|instance|job):\w+:\w+/g) ?? [];
    for (const name of asked) assert.ok(records.includes(name), `${file}: nothing records ${name}`);
  }
});

test('pushed alerts bear the names of the rules that tell the same, and of no rule that tells something else', () => {
  for (const condition of conditions) {
    const told = alerts.filter((rule) => conditionsOf(rule).includes(condition)).map(({ alert }) => alert);
    assert.deepEqual([...new Set(told)], [alertnameFor(condition)], condition);
  }
});

test('docs/runbooks/README.md lists the alerts as the rules have them', () => {
  const rows = names.map((name) => {
    const own = alerts.filter(({ alert }) => alert === name);
    const severities = new Set(
      own.map(({ labels }) => (labels?.['severity'] ?? 'of the agent').replace(/^\{\{.*$/, 'by advice')),
    );
    const told = [...new Set(own.flatMap(conditionsOf))];
    const shown = told.length > 3 ? `${told.length} of modules` : told.map((each) => `\`${each}\``).join(', ');
    const [first] = own;
    return `| [${name}](${name}.md) | ${[...severities].join(', ')} | ${first?.for ?? 'at once'} | ${first?.keep_firing_for ?? '-'} | ${shown} |`;
  });
  const table = [
    '| alert | severity | fires after | held for | condition |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  const file = join(root, 'docs/runbooks/README.md');
  const marks = ['<!-- alerts: made by npm run golden -->\n', '<!-- /alerts -->\n'] as const;
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(marks[0]) + marks[0].length;
  const to = text.indexOf(marks[1]);
  assert.ok(from >= marks[0].length && to >= from, 'docs/runbooks/README.md has lost the marks around its table');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, `${text.slice(0, from)}\n${table}\n${text.slice(to)}`);
  assert.ok(readFileSync(file, 'utf8').includes(table), 'docs/runbooks/README.md is not current: run npm run golden');
});
