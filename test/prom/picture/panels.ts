/** One panel of a dashboard as SVG: its title, and what its queries gave. */
import type { RangeSeries, Series } from '../running-prometheus.ts';
import { written } from './units.ts';

export interface PanelJson {
  readonly type: string;
  readonly title?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly mappings?: readonly { readonly options: Readonly<Record<string, { text?: string; color?: string }>> }[];
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
    };
    readonly overrides?: readonly {
      readonly matcher: { readonly options?: string };
      readonly properties: readonly { id: string; value: unknown }[];
    }[];
  };
  readonly transformations?: readonly {
    readonly options: { readonly excludeByName?: object; readonly renameByName?: { Value?: string } };
  }[];
}
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}
/** A line of a chart: its legend, and its points in time. */
export interface Drawn extends RangeSeries {
  readonly legend: string;
}

const palette = ['#3274d9', '#56a64b', '#ff780a', '#8f3bb8', '#e02f44', '#1f9e9e', '#b8860b', '#666666'];
const colors: Readonly<Record<string, string>> = {
  green: '#37872d',
  yellow: '#b8860b',
  orange: '#e0650a',
  red: '#c4162a',
  'dark-red': '#7a0c18',
  purple: '#8f3bb8',
  blue: '#1f60c4',
};
const LEGEND_ROWS = 4;
/** Seconds between two points that a line connects. */
const MOST_GAP = 2;

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
export function textAt(x: number, y: number, text: string, style = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${style === '' ? '' : ` ${style}`}>${escaped(text)}</text>`;
}
/** As much of it as has room, at about 6.8 px a character. */
export function fitted(text: string, width: number): string {
  const most = Math.max(3, Math.floor(width / 6.8));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

export function statPanel({ fieldConfig }: PanelJson, box: Box, [first]: readonly Series[]): string {
  const { unit, noValue = '', thresholds } = fieldConfig?.defaults ?? {};
  const value = first === undefined ? Number.NaN : Number(first.value[1]);
  const step = thresholds?.steps.filter((each) => each.value === null || value >= each.value).at(-1);
  const fill = first === undefined ? '#666666' : (colors[step?.color ?? ''] ?? '#333333');
  const text = first === undefined ? noValue : written(value, unit);
  const size = Math.min(30, (1.6 * box.w) / Math.max(4, text.length));
  return textAt(
    box.x + box.w / 2,
    box.y + box.h / 2 + 18,
    text,
    `text-anchor="middle" font-size="${size.toFixed(0)}" font-weight="600" fill="${fill}"`,
  );
}

export function tablePanel(panel: PanelJson, box: Box, rows: readonly Series[]): string {
  const { excludeByName = {}, renameByName = {} } = panel.transformations?.[0]?.options ?? {};
  const valueName = renameByName.Value;
  const hidden = new Set(Object.keys(excludeByName));
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].filter((name) => !hidden.has(name));
  const columns = [...labels, ...(valueName === undefined ? [] : [valueName])];
  if (rows.length === 0)
    return textAt(box.x + 10, box.y + 44, panel.fieldConfig?.defaults.noValue ?? '', 'fill="#666666"');
  const words = panel.fieldConfig?.defaults.mappings?.[0]?.options ?? {};
  const override = panel.fieldConfig?.overrides?.find(({ matcher }) => matcher.options === valueName);
  const unit = override?.properties.find(({ id }) => id === 'unit')?.value;
  const cell = ({ metric, value }: Series, column: string): string =>
    column === valueName
      ? written(Number(value[1]), typeof unit === 'string' ? unit : undefined)
      : (metric[column] ?? '');
  const weights = columns.map((column) => Math.max(column.length, ...rows.map((row) => cell(row, column).length)) + 2);
  const sum = weights.reduce((a, b) => a + b, 0);
  const room = Math.floor((box.h - 48) / 18);
  let x = box.x + 10;
  let out = '';
  columns.forEach((column, i) => {
    const width = ((weights[i] ?? 0) / sum) * (box.w - 20);
    out += textAt(x, box.y + 42, fitted(column, width), 'font-weight="600" fill="#444444"');
    rows.slice(0, room).forEach((row, k) => {
      const text = cell(row, column);
      const color = colors[words[text]?.color ?? ''] ?? '#222222';
      out += textAt(x, box.y + 62 + k * 18, fitted(text, width), `fill="${color}"`);
    });
    x += width;
  });
  return rows.length > room
    ? out + textAt(box.x + 10, box.y + box.h - 4, `… ${rows.length - room} more`, 'fill="#666666"')
    : out;
}

export function linesPanel(
  { fieldConfig }: PanelJson,
  box: Box,
  drawn: readonly Drawn[],
  from: number,
  to: number,
): string {
  const unit = fieldConfig?.defaults.unit;
  const legendRows = Math.min(LEGEND_ROWS, Math.ceil(drawn.length / 2));
  const plot = { x: box.x + 66, y: box.y + 36, w: box.w - 80, h: box.h - 62 - legendRows * 14 };
  const values = drawn.flatMap(({ values }) => values.map(([, text]) => Number(text))).filter(Number.isFinite);
  const top = (Math.max(...values, 0) || 1) * 1.1;
  const px = (at: number): number => plot.x + ((at - from) / (to - from)) * plot.w;
  const py = (value: number): number => plot.y + plot.h - (value / top) * plot.h;
  let out = '';
  for (const share of [0, 0.5, 1]) {
    const y = py((share * top) / 1.1);
    out += `<path d="M${plot.x} ${y.toFixed(1)}h${plot.w}" stroke="#dddddd"/>`;
    out += textAt(plot.x - 6, y + 4, written((share * top) / 1.1, unit), 'text-anchor="end" fill="#666666"');
  }
  for (const [share, anchor] of [
    [0, 'start'],
    [1, 'end'],
  ] as const) {
    const seconds = Math.round(share * (to - from));
    out += textAt(
      plot.x + share * plot.w,
      plot.y + plot.h + 14,
      `${seconds} s`,
      `text-anchor="${anchor}" fill="#666666"`,
    );
  }
  drawn.forEach(({ values: points, legend }, i) => {
    const color = palette[i % palette.length];
    const path = points
      .filter(([, text]) => Number.isFinite(Number(text)))
      // where there is no sample there is no line
      .map(
        ([at, text], k, all) =>
          `${at - (all[k - 1]?.[0] ?? 0) > MOST_GAP ? 'M' : 'L'}${px(at).toFixed(1)} ${py(Number(text)).toFixed(1)}`,
      )
      .join('');
    const dash = legend.endsWith('limit') ? ' stroke-dasharray="6 5"' : '';
    if (path !== '') out += `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.6"${dash}/>`;
    if (i < LEGEND_ROWS * 2) {
      const [x, y] = [box.x + 12 + (i % 2) * (box.w / 2 - 8), plot.y + plot.h + 32 + Math.floor(i / 2) * 14];
      out += `<path d="M${x} ${y - 4}h14" stroke="${color}" stroke-width="3"${dash}/>`;
      out += textAt(x + 19, y, fitted(legend, box.w / 2 - 34));
    }
  });
  return out;
}

export function statesPanel(
  { fieldConfig }: PanelJson,
  box: Box,
  drawn: readonly Drawn[],
  from: number,
  to: number,
): string {
  const states = fieldConfig?.defaults.mappings?.[0]?.options ?? {};
  const height = Math.min(34, (box.h - 50) / Math.max(1, drawn.length));
  let out = '';
  drawn.forEach(({ values, legend }, i) => {
    const y = box.y + 40 + i * height;
    out += textAt(box.x + 10, y + height / 2 + 2, fitted(legend, box.w * 0.4));
    const [x, w] = [box.x + box.w * 0.42, box.w * 0.55];
    const step = w / Math.max(1, values.length);
    values.forEach(([at, text]) => {
      const left = x + ((at - from) / (to - from)) * (w - step);
      out += `<rect x="${left.toFixed(1)}" y="${y.toFixed(1)}" width="${(step + 0.6).toFixed(1)}" height="${(height - 8).toFixed(1)}" fill="${colors[states[text]?.color ?? ''] ?? '#bbbbbb'}"/>`;
    });
    const last = states[values.at(-1)?.[1] ?? '']?.text ?? '';
    out += textAt(x + w - 6, y + height / 2 + 2, last, 'text-anchor="end" fill="#ffffff" font-weight="600"');
  });
  return out;
}
