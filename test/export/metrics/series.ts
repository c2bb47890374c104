import { allMetrics } from '../../../src/export/metrics/metrics.ts';
import { createMetricsExporter } from '../../../src/export/metrics/prometheus.ts';
import type { View } from '../../../src/export/view.ts';

/** The lines of one metric family's samples in the text format. */
export async function seriesOf(view: View, name: string): Promise<string[]> {
  const { body } = await createMetricsExporter(allMetrics()).render(view, undefined);
  return body.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}
