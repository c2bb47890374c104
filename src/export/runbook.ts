/** What to do about each condition and alert: the page behind the links in messages, and docs/runbook.md. */
import type { Condition } from '../model/incident.ts';

export interface RunbookEntry {
  readonly means: string;
  readonly look: string;
  readonly act: string;
}
/** Alerts of deploy/prometheus that are about no incident. */
export type RunbookAlert =
  | 'agent_gone'
  | 'agent_unstable'
  | 'agent_stale'
  | 'collector_failed'
  | 'config_rejected'
  | 'message_rejected';

/** Commands stand between backticks. */
export const runbook: Readonly<Record<Condition | RunbookAlert, RunbookEntry>> = {
  media_error: {
    means:
      'The kernel lists sectors of persistent memory that can no longer be read: whoever reads or maps them gets EIO or SIGBUS.',
    look: '`pmemwatch list` shows every bad range with the file, process and DIMM slot it belongs to; `pmemwatch check PATH` tells the damaged byte ranges of your files.',
    act: 'Follow the next steps of the message, file by file. Writing whole aligned pages anew from a good copy clears the error where the platform can; deleting the file does not. Then watch the incident end: only a complete reading without the range ends it. docs/recovery-model.md tells what clears what.',
  },
  badblocks_unreadable: {
    means: 'A bad-block list cannot be read. New damage there stays unseen until it can.',
    look: '`pmemwatch list` gives the reason; the kernel log may name the region or namespace.',
    act: 'Enable a disabled region (`ndctl enable-region REGION`), give the probe process its capabilities back, or mend what the reason names.',
  },
  badblocks_incomplete: {
    means:
      'The list is as long as the kernel can show (one page), or cannot be taken for whole. There is damage that is not seen.',
    look: '`pmemwatch list` shows what is known, and why the list is not whole.',
    act: 'Repair what is listed, so that the rest comes into sight. So many errors mean that the module is to be replaced: move the data first.',
  },
  dimm_health: {
    means: 'The firmware of a module says that its health is not ok.',
    look: '`pmemwatch list` shows state, reasons, spare capacity and temperature.',
    act: 'Critical or fatal: move the data off now and replace the module in the slot that the message names. Otherwise plan it.',
  },
  health_unreadable: {
    means: 'A module does not say how it is. Its health counts as unknown, never as good.',
    look: 'The reason in the message; the kernel log for the module.',
    act: 'A module that does not answer its firmware commands is to be distrusted: have a copy of what lies on it.',
  },
  dimm_spare_low: {
    means:
      'The spare capacity of a module has fallen to the limit that its firmware sets: soon it cannot replace bad blocks any more.',
    look: '`pmemwatch list` shows the spare capacity that is left.',
    act: 'Plan the replacement of the module.',
  },
  dimm_worn: {
    means: 'A module has used as much of its life as its firmware allows for, or nearly so.',
    look: '`pmemwatch list` shows the life that is used, and the limit.',
    act: 'Plan the replacement of the module. At the end of its life, or when bad ranges come with it, move the data off first.',
  },
  dimm_temperature: {
    means: 'A module is hotter than the limit that it was given.',
    look: '`nvdimm_temperature_celsius` over time; other modules of this host, other hosts of the rack.',
    act: 'See to fans, dust and load. It ends when the module is well below its limit.',
  },
  dimm_dirty_shutdown: {
    means:
      'The module lost power before what was on its way to the media was safe. The newest writes may be missing, or torn.',
    look: 'When the host went down, and how; which file systems and databases lie on the module.',
    act: 'Check those file systems and let the applications verify their data. Close the incident by `pmemwatch close ID` when that is done.',
  },
  dimm_not_armed: {
    means: 'The module will not save its contents when power fails: it is plain memory at present.',
    look: 'Its energy source, in `pmemwatch list` and in the tools of the vendor.',
    act: 'Take everything off it that must outlive a power failure, or make it read-only, until it is armed again.',
  },
  dimm_save_failed: {
    means: 'The module failed to save its contents at the last loss of power.',
    look: 'The kernel log of this boot, and what lies on the region.',
    act: 'Take what is on it for lost or torn: restore it from a copy. Replace energy source or module.',
  },
  dimm_restore_failed: {
    means: 'The module failed to bring its saved contents back.',
    look: 'The kernel log of this boot.',
    act: 'Write nothing to it. A power cycle may try again; otherwise restore from a copy and replace the module.',
  },
  dimm_flush_failed: {
    means: 'What was in the buffers of the platform did not reach the module at the last shutdown.',
    look: 'How the host went down.',
    act: 'Check file systems and databases on it as after a dirty shutdown.',
  },
  dimm_erase_failed: {
    means: 'The module could not be erased, so it cannot save its contents at the next loss of power.',
    look: 'Its state in `pmemwatch list` and in the tools of the vendor.',
    act: 'Treat it as not armed, and replace it.',
  },
  dimm_map_failed: {
    means: 'The firmware has not mapped the module into memory: the regions that need it are not there.',
    look: 'The log of the firmware; `ndctl list -DR`.',
    act: 'Reseat or replace the module. Do not make new regions over it as long as its data is needed.',
  },
  energy_source_worn: {
    means: 'The energy source that saves the module has little of its life left.',
    look: '`nvdimm_energy_source_life_used_ratio`.',
    act: 'Order and replace the energy source (battery or capacitor) of the module.',
  },
  dimm_replace: {
    means: 'The policy for replacements says that this module is to be replaced, soon or now.',
    look: '`pmemwatch list` names what it rests on; docs/replacement-advice.md has the policy, and how it can be wrong.',
    act: 'Order the part number of the message. Now: move the data off before anything else.',
  },
  scrub_overdue: {
    means: 'A bus has not been searched in full for too long: latent errors wait there until something reads them.',
    look: '`pmemwatch events` says why none was started.',
    act: 'Search it: `pmemwatch rescan BUS --wait`. Then see to `scrub.schedule` and `scrub.max_load`.',
  },
  scrub_failed: {
    means: 'A search for latent errors was started and did not succeed.',
    look: 'The reason in the message; the kernel log (ARS).',
    act: 'Mend what it names and search again: `pmemwatch rescan BUS --wait`.',
  },
  device_stuck: {
    means: 'A call into the driver or firmware of a device does not return. The device is not watched until it does.',
    look: 'The kernel log for the device and for hung tasks.',
    act: 'Have a copy of what lies there. If it does not come back the host needs a restart.',
  },
  receiver_unreachable: {
    means: 'A receiver takes no messages: those who are told through it alone know nothing.',
    look: '`pmemwatch deliveries --receiver NAME` with what it answered, `pmemwatch receivers test NAME`.',
    act: 'Mend address, token or receiver, and reload. What waits goes out by itself; what was refused does with `pmemwatch replay --receiver NAME`.',
  },
  store_unwritable: {
    means:
      'The state file cannot be written. Alerts go out from memory, and may come twice under one id after a restart.',
    look: 'Space, permissions and health of the file system that holds the state file.',
    act: 'Make room or make it writable. The agent catches up by itself; do not restart it before it has.',
  },
  agent_gone: {
    means: 'Prometheus does not reach the agent: nobody watches the memory of this host.',
    look: '`systemctl status pmemwatch`, its log, and whether the host is up.',
    act: 'Start it. What happened meanwhile is found by the first reading, and told.',
  },
  agent_unstable: {
    means: 'The agent was lost or started more than five times within an hour.',
    look: '`systemctl show pmemwatch -p NRestarts,Result` and its log say how it ended.',
    act: 'Mend what ends it: memory, a broken configuration, a network that loses scrapes.',
  },
  agent_stale: {
    means: 'The agent answers and reports no failure, but what it shows is more than half an hour old.',
    look: 'The clocks of the host and of Prometheus; `poll` in the configuration; the log of the agent.',
    act: 'Set the clock right, or adapt the rule to the polls. Otherwise restart the agent and keep its log.',
  },
  collector_failed: {
    means: 'A part of the agent cannot read what it is to read.',
    look: '`pmemwatch_collector_success` names it, the log says why.',
    act: 'Mostly a missing capability or a device that does not answer: mend that, no restart is needed.',
  },
  config_rejected: {
    means:
      'The last reload of the configuration was refused. The agent goes on with the one before, and would not start with this one.',
    look: '`pmemwatch config check FILE` says what is wrong, with line and column.',
    act: 'Put it right and `systemctl reload pmemwatch`.',
  },
  message_rejected: {
    means: 'A receiver has refused a message for good, or was tried in vain for `notify.retry_for`.',
    look: '`pmemwatch deliveries --status dead` shows what, and what the receiver said.',
    act: 'Mend the receiver or its configuration, then `pmemwatch replay --receiver NAME`.',
  },
};

const ORDER = Object.keys(runbook) as (keyof typeof runbook)[];

/** As Markdown; each heading is the anchor of its links. */
export function runbookMarkdown(): string {
  return ORDER.map((name) => {
    const { means, look, act } = runbook[name];
    return `## ${name}\n\n${means}\n\n- **Look:** ${look}\n- **Do:** ${act}\n`;
  }).join('\n');
}
export function runbookEntries(): readonly (RunbookEntry & { readonly name: string })[] {
  return ORDER.map((name) => ({ name, ...runbook[name] }));
}
