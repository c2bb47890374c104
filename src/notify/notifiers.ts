import { alertmanager } from './alertmanager.ts';
import type { Notifier } from './notifier.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';

/** By name. */
export const notifiers: readonly Notifier[] = [alertmanager, pagerduty, slack, webhook];
