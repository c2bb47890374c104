import { agent } from './agent.ts';
import { check } from './check.ts';
import type { Command } from './command.ts';
import { configCheck } from './config-check.ts';
import { demo } from './demo.ts';
import { events } from './events.ts';
import { incidents } from './incidents.ts';
import { list } from './list.ts';
import { resolve } from './resolve.ts';

/** Every command, in the order of the help: the agent, questions to the machine, questions to the agent, the rest. */
export const commands: readonly Command[] = [agent, list, resolve, check, incidents, events, configCheck, demo];
