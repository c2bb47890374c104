/** The committed dashboards are what their code makes. `npm run golden` writes them. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostDashboard } from '../../dashboards/pmemwatch-host.ts';

const folder = join(import.meta.dirname, '../../dashboards');

test('the dashboard of a host is committed as its code makes it', () => {
  const made = `${JSON.stringify(hostDashboard(), undefined, 2)}\n`;
  const file = join(folder, 'pmemwatch-host.json');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, made);
  assert.equal(readFileSync(file, 'utf8'), made);
});

test('every dashboard in the folder comes from code', () => {
  const names = (pattern: string) => globSync(pattern, { cwd: folder }).map((name) => name.replace(/\.\w+$/, ''));
  assert.deepEqual(names('*.json').sort(), names('*.ts').sort());
});

test('every panel says what it shows, looks at the chosen host and leaves no overlap', () => {
  const cells = new Set<string>();
  for (const panel of hostDashboard().panels ?? []) {
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
    assert.ok('description' in panel && panel.description !== undefined, `${panel.title} has no description`);
    assert.ok(
      'targets' in panel && panel.targets !== undefined && panel.targets.length > 0,
      `${panel.title} asks nothing`,
    );
    for (const target of panel.targets as readonly { expr?: string }[]) {
      const selectors = target.expr?.match(/\b(?:pmemwatch|pmem|nvdimm)_\w+/g) ?? [];
      const hosts = target.expr?.match(/instance="\$instance"/g) ?? [];
      assert.ok(selectors.length > 0 && selectors.length === hosts.length, `${panel.title}: ${target.expr}`);
    }
  }
});
