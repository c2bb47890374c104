/** The committed dashboards are what their code makes. `npm run golden` writes them. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { fleetSelector, hostSelector, moduleSelector } from '../../dashboards/parts/frame.ts';
import { fleetDashboard } from '../../dashboards/pmemwatch-fleet.ts';
import { hostDashboard } from '../../dashboards/pmemwatch-host.ts';
import { modulesDashboard } from '../../dashboards/pmemwatch-modules.ts';

const folder = join(import.meta.dirname, '../../dashboards');
const all: Readonly<Record<string, { readonly made: Dashboard; readonly selectors: readonly string[] }>> = {
  'pmemwatch-fleet': { made: fleetDashboard(), selectors: [fleetSelector] },
  'pmemwatch-host': { made: hostDashboard(), selectors: [hostSelector] },
  // regions are of a host, not of a module
  'pmemwatch-modules': {
    made: modulesDashboard(),
    selectors: [moduleSelector, `${fleetSelector},instance=~"$instance"`],
  },
};

test('every dashboard in the folder comes from code that is tested here', () => {
  const names = (pattern: string) => globSync(pattern, { cwd: folder }).map((name) => name.replace(/\.\w+$/, ''));
  assert.deepEqual(names('*.json').sort(), Object.keys(all).sort());
  assert.deepEqual(names('*.ts').sort(), Object.keys(all).sort());
});

for (const [name, { made, selectors }] of Object.entries(all)) {
  test(`${name} is committed as its code makes it, under the uid that links know`, () => {
    const text = `${JSON.stringify(made, undefined, 2)}\n`;
    const file = join(folder, `${name}.json`);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.equal(made.uid, name);
  });

  test(`${name}: every panel has a title of its own, says what it shows and leaves no overlap`, () => {
    const cells = new Set<string>();
    const titles = new Set<string>();
    for (const panel of made.panels ?? []) {
      if (!('gridPos' in panel) || panel.gridPos === undefined) continue;
      const { x, y, w, h } = panel.gridPos;
      assert.ok(x + w <= 24, `${panel.title} leaves the grid`);
      for (let i = x; i < x + w; i++) {
        for (let j = y; j < y + h; j++) {
          assert.ok(!cells.has(`${i} ${j}`), `${panel.title} lies on another panel`);
          cells.add(`${i} ${j}`);
        }
      }
      if (panel.type === 'row') continue;
      assert.ok(panel.title !== undefined && !titles.has(panel.title), `${panel.title} stands twice`);
      titles.add(panel.title);
      assert.ok('description' in panel && panel.description !== undefined, `${panel.title} has no description`);
    }
  });

  test(`${name}: every query looks at what was chosen, and nothing else`, () => {
    for (const [title, expr] of queriesOf(made)) {
      const metrics =
        expr.match(/\b(?:(?:instance|job):)?(?:pmemwatch|pmem|nvdimm)_\w+(?::\w+)?\{|\b(?:up|ALERTS)\{/g) ?? [];
      const chosen = expr.match(/\{[^}]*\}/g) ?? [];
      assert.ok(metrics.length > 0 && metrics.length === chosen.length, `${title}: ${expr}`);
      for (const each of chosen) {
        assert.ok(
          selectors.some((selector) => each.startsWith(`{${selector}`)),
          `${title} does not look at what was chosen: ${each}`,
        );
      }
    }
  });
}

test('docs/dashboards.md has a row for each query, as it was asked last', () => {
  const text = readFileSync(join(folder, '../docs/dashboards.md'), 'utf8');
  for (const [name, { made }] of Object.entries(all)) {
    for (const [title, expr] of queriesOf(made)) {
      const row = text
        .split('\n')
        .find((line) => line.includes(`| ${name} | ${title} | `) && line.includes(expr.replaceAll('|', '\\|')));
      assert.ok(row !== undefined, `${name}, ${title}: UPDATE_GOLDEN=1 npm run test:prom`);
      assert.ok(Number(row.split(' | ')[2]) > 0, row);
    }
  }
});

test('every link between dashboards leads to one of them', () => {
  for (const { made } of Object.values(all)) {
    const uids = [...JSON.stringify(made).matchAll(/\/d\/([\w-]+)/g)].map(([, uid]) => uid ?? '');
    assert.ok(uids.length >= 2);
    for (const uid of uids) assert.ok(uid in all, uid);
  }
});

function queriesOf(dashboard: Dashboard): [title: string, expr: string][] {
  return (dashboard.panels ?? []).flatMap((panel) => {
    if (panel.type === 'row') return [];
    const targets = 'targets' in panel ? ((panel.targets ?? []) as readonly { expr?: string }[]) : [];
    assert.ok(targets.length > 0, `${panel.title} asks nothing`);
    return targets.map(({ expr = '' }): [string, string] => [panel.title ?? '', expr]);
  });
}
