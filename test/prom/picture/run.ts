/**
 * Draws docs/pictures/*.svg: `node test/prom/picture/run.ts`. Each panel of each dashboard, by its own query, asked of a real Prometheus that scrapes a
 * real agent while its host is damaged and repaired. It is a drawing of the answers, not Grafana. Takes two minutes.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { filledIn } from '../queries.ts';
import type { RunningPrometheus } from '../running-prometheus.ts';
import { openScene } from '../scene.ts';
import {
  type Box,
  type Drawn,
  escaped,
  fitted,
  linesPanel,
  type PanelJson,
  statesPanel,
  statPanel,
  tablePanel,
  textAt,
} from './panels.ts';

const root = join(import.meta.dirname, '../../..');
const CELL = { w: 50, h: 32 };
const MARGIN = 12;
const HEAD = 62;

interface DashboardJson {
  readonly title: string;
  readonly panels: readonly PanelJson[];
}

async function draw(
  file: string,
  prometheus: RunningPrometheus,
  instance: string,
  from: number,
  to: number,
): Promise<string> {
  const { title, panels } = JSON.parse(readFileSync(file, 'utf8')) as DashboardJson;
  const rows = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const [width, height] = [24 * CELL.w + 2 * MARGIN, rows * CELL.h + HEAD + 2 * MARGIN];
  let out = textAt(MARGIN, 28, title, 'font-size="20" font-weight="600"');
  const honest = `Drawn by test/prom/picture from the queries of dashboards/${basename(file)}, asked of a real Prometheus; not a picture of Grafana.`;
  out += textAt(MARGIN, 48, honest, 'fill="#666666"');
  for (const panel of panels) {
    const { x, y, w, h } = panel.gridPos;
    const box: Box = {
      x: MARGIN + x * CELL.w + 3,
      y: HEAD + MARGIN + y * CELL.h + 3,
      w: w * CELL.w - 6,
      h: h * CELL.h - 6,
    };
    if (panel.type === 'row') {
      out += textAt(box.x, box.y + 20, panel.title ?? '', 'font-size="15" font-weight="600"');
      continue;
    }
    out += `<rect x="${box.x}" y="${box.y}" width="${box.w}" height="${box.h}" fill="#ffffff" stroke="#cccccc" rx="3"/>`;
    out += textAt(box.x + 10, box.y + 20, fitted(panel.title ?? '', 0.92 * box.w), 'font-weight="600" font-size="12"');
    out += await inside(panel, box, prometheus, instance, from, to);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="11"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="#f4f5f5"/>${out}</svg>\n`;
}

async function inside(
  panel: PanelJson,
  box: Box,
  prometheus: RunningPrometheus,
  instance: string,
  from: number,
  to: number,
): Promise<string> {
  // the port is another one each time
  const named = <S extends { readonly metric: Readonly<Record<string, string>> }>(series: S): S => ({
    ...series,
    metric: Object.fromEntries(
      Object.entries(series.metric).map(([name, value]) => [name, value === prometheus.instance ? 'demo:9915' : value]),
    ),
  });
  const targets = (panel.targets ?? []).map(({ expr, legendFormat = '' }) => ({
    expr: filledIn(expr, { instance }),
    legendFormat,
  }));
  if (panel.type === 'stat' || panel.type === 'table') {
    const answers = (await Promise.all(targets.map(({ expr }) => prometheus.query(expr)))).flat().map(named);
    return panel.type === 'stat' ? statPanel(panel, box, answers) : tablePanel(panel, box, answers);
  }
  const drawn: Drawn[] = [];
  for (const { expr, legendFormat } of targets) {
    for (const series of (await prometheus.range(expr, from, to, 1)).map(named)) {
      const legend = legendFormat.replace(/\{\{(\w+)\}\}/g, (_, name: string) => series.metric[name] ?? '');
      drawn.push({ ...series, legend: legend.trim() });
    }
  }
  return panel.type === 'state-timeline'
    ? statesPanel(panel, box, drawn, from, to)
    : linesPanel(panel, box, drawn, from, to);
}

const scene = await openScene(join(root, 'deploy/prometheus/pmemwatch.rules.yml'));
try {
  const { demo, prometheus } = scene;
  const from = Math.floor(Date.now() / 1000);
  for (const [act, seconds] of [
    [demo.repair, 15],
    [demo.damage, 25],
    [demo.repair, 20],
    [demo.damage, 30],
  ] as const) {
    await act();
    await sleep(seconds * 1000);
  }
  const to = Math.floor(Date.now() / 1000);
  mkdirSync(join(root, 'docs/pictures'), { recursive: true });
  for (const file of globSync('dashboards/*.json', { cwd: root })) {
    const name = basename(file, '.json');
    const instance = name === 'pmemwatch-host' ? prometheus.instance : '.*';
    const svg = await draw(join(root, file), prometheus, instance, from, to);
    writeFileSync(join(root, `docs/pictures/${name}.svg`), svg);
    console.log(`docs/pictures/${name}.svg`);
  }
} finally {
  await scene.close();
}
