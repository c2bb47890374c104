import type { Notifier } from './notifier.ts';
import { webhook } from './webhook.ts';

/** By name. */
export const notifiers: readonly Notifier[] = [webhook];
