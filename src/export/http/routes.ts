import { badBlocksRoute } from './bad-blocks.ts';
import { decisionsRoute } from './decisions.ts';
import { deliveriesRoute } from './deliveries.ts';
import { devicesRoute } from './devices.ts';
import { dimmsRoute } from './dimms.ts';
import { eventStreamRoute } from './event-stream.ts';
import { eventsRoute } from './events.ts';
import { fileCheckRoute } from './file-check.ts';
import { filesRoute } from './files.ts';
import { healthRoute } from './health.ts';
import { incidentsRoute } from './incidents.ts';
import { metricsRoute } from './metrics.ts';
import { openapiRoute } from './openapi.ts';
import { pageRoute } from './page.ts';
import { receiversRoute } from './receivers.ts';
import { reloadRoute } from './reload.ts';
import { resolveRoute } from './resolve.ts';
import type { HttpRoute } from './route.ts';
import { runbookRoute } from './runbook.ts';
import { scrubsRoute } from './scrubs.ts';
import { topologyRoute } from './topology.ts';

/** Every route, sorted; a test compares this list with the folder. */
export const routes: readonly HttpRoute[] = [
  badBlocksRoute,
  decisionsRoute,
  deliveriesRoute,
  devicesRoute,
  dimmsRoute,
  eventStreamRoute,
  eventsRoute,
  fileCheckRoute,
  filesRoute,
  healthRoute,
  incidentsRoute,
  metricsRoute,
  openapiRoute,
  pageRoute,
  receiversRoute,
  reloadRoute,
  resolveRoute,
  runbookRoute,
  scrubsRoute,
  topologyRoute,
];
