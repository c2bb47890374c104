import { ack } from './ack.ts';
import { agent } from './agent.ts';
import { supportBundle } from './bundle/support-bundle.ts';
import { check } from './check.ts';
import { close } from './close.ts';
import type { Command } from './command.ts';
import { completion } from './completion/completion.ts';
import { configCheck } from './config-check.ts';
import { deliveries } from './deliveries.ts';
import { demo } from './demo.ts';
import { events } from './events.ts';
import { incidents } from './incidents.ts';
import { list } from './list.ts';
import { receiversTest } from './receivers-test.ts';
import { replay } from './replay.ts';
import { rescan } from './rescan.ts';
import { resolve } from './resolve.ts';

/**
 * Every command, in the order of the help: the agent, questions to the machine, questions to the agent, the rest. What
 * only one of them needs is imported when it runs: the processes of an agent carry this file for as long as they live.
 */
export const commands: readonly Command[] = [
  agent,
  list,
  resolve,
  check,
  rescan,
  incidents,
  ack,
  close,
  events,
  deliveries,
  replay,
  receiversTest,
  configCheck,
  supportBundle,
  demo,
  completion,
];
