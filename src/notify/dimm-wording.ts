/** What is said of modules: one sentence for a condition, one for its end, and what to do. Undefined for other conditions. */
import { type Sensor, temperatureStanding } from '../model/health-judgement.ts';
import type { Condition, Incident } from '../model/incident.ts';
import { pathOnOneLine, whereText } from './wording.ts';

const said: Partial<Readonly<Record<Condition, (name: string) => string>>> = {
  dimm_health: (name) => `the health of ${name} is`,
  health_unreadable: (name) => `the health of ${name} cannot be read, so its failing would stay unseen:`,
  dimm_spare_low: (name) => `${name} runs out of spare capacity:`,
  dimm_worn: (name) => `${name} is worn:`,
  dimm_temperature: (name) => `${name} is too hot:`,
  dimm_dirty_shutdown: (name) => `${name} was not shut down cleanly:`,
  dimm_not_armed: (name) => `${name} could not be armed:`,
  dimm_save_failed: (name) => `${name} could not save its content:`,
  dimm_restore_failed: (name) => `${name} could not restore its content:`,
  dimm_flush_failed: (name) => `${name} was not flushed:`,
  dimm_erase_failed: (name) => `${name} could not erase its flash memory:`,
  dimm_map_failed: (name) => `${name} is not mapped:`,
  energy_source_worn: (name) => `the energy source of ${name} is worn:`,
  dimm_replace: (name) => `${name} is to be replaced:`,
};
const over: Partial<Readonly<Record<Condition, (name: string) => string>>> = {
  dimm_health: (name) => `${name} says that it is healthy again`,
  health_unreadable: (name) => `the health of ${name} can be read again`,
  dimm_spare_low: (name) => `${name} has spare capacity above its limit again`,
  dimm_worn: (name) => `${name} is within the limit of its life again`,
  dimm_temperature: (name) => `${name} has cooled down below its limit`,
  dimm_dirty_shutdown: (name) => `${name} has been through a restart without a further dirty shutdown`,
  dimm_not_armed: (name) => `${name} is armed again`,
  dimm_save_failed: (name) => `the last save of ${name} succeeded`,
  dimm_restore_failed: (name) => `the last restore of ${name} succeeded`,
  dimm_flush_failed: (name) => `${name} was flushed at the last shutdown`,
  dimm_erase_failed: (name) => `the last erase of ${name} succeeded`,
  dimm_map_failed: (name) => `${name} is mapped again`,
  energy_source_worn: (name) => `the energy source of ${name} is within its limit again`,
  dimm_replace: (name) => `nothing asks for a replacement of ${name} any more`,
};

/** `nmem0 in slot C1-D2`: where a hand finds it */
function dimmName({ subject }: Incident): string {
  const [dimm] = subject.dimms;
  const name = pathOnOneLine(dimm?.name ?? subject.device);
  return dimm?.locator === undefined ? name : `${name} in slot ${pathOnOneLine(dimm.locator)}`;
}

export function dimmSentence(incident: Incident): string | undefined {
  const sentence = said[incident.condition]?.(dimmName(incident));
  if (sentence === undefined) return undefined;
  const part = incident.subject.dimms[0]?.partNumber;
  const kind = part === undefined ? '' : `, part number ${pathOnOneLine(part)}`;
  return `${sentence} ${pathOnOneLine(incident.detail)} (${whereText(incident.subject)}${kind}).`;
}
export function dimmOver(incident: Incident): string | undefined {
  return over[incident.condition]?.(dimmName(incident));
}

const copyFirst =
  'When it is replaced, copy its data off first: on an interleaved region every module of the set holds a part of every file.';
/** What to order, where the host knows it, and how to tell that the right one was pulled. */
function replacing({ subject: { dimms } }: Incident): string[] {
  const [dimm] = dimms;
  if (dimm?.partNumber === undefined) return [copyFirst];
  const pulled = dimm.serial === undefined ? '' : `; the one to pull has serial ${pathOnOneLine(dimm.serial)}`;
  return [copyFirst, `Part number to order: ${pathOnOneLine(dimm.partNumber)}${pulled}.`];
}

/** What heat does to the parts that are hot. */
function wornByHeat({ health }: Incident): string {
  const isHot = (sensor: Sensor): boolean =>
    health !== undefined && temperatureStanding(health.fields, sensor) === 'crossed';
  return [
    isHot('media') ? ' Hot media wears out early.' : '',
    isHot('energy_source')
      ? ' A hot energy source (capacitor, battery; often in a place of its own) loses its capacity early.'
      : '',
  ].join('');
}
/** What keeps the probe process from asking, by the errno that it got. */
function accessStep(device: string, reason: string): string {
  if (reason.includes('EPERM')) {
    return `Let its device cgroup pass /dev/${device}: DeviceAllow=char-dimmctl rw in the unit of the probe process, --device-cgroup-rule for a container.`;
  }
  if (reason.includes('ENOENT'))
    return `Give the probe process the device node /dev/${device} (--device for a container).`;
  return `Let the probe process open /dev/${device}: as root, or with CAP_DAC_OVERRIDE.`;
}

/** What to do, most urgent first. */
export function dimmSteps(incident: Incident): string[] | undefined {
  const name = dimmName(incident);
  const { device } = incident.subject;
  switch (incident.condition) {
    case 'dimm_health':
      return incident.severity === 'critical'
        ? [`Copy what is on ${name} to another device now, then replace the module.`, ...replacing(incident)]
        : [`Plan the replacement of ${name}; until then see that its backups are current.`, ...replacing(incident)];
    case 'dimm_spare_low':
      return [
        `Plan the replacement of ${name}: without spare capacity the next worn block is lost data.`,
        ...replacing(incident),
      ];
    case 'dimm_worn':
      return [
        `Plan the replacement of ${name}: its maker stands for no more than its rated life.`,
        ...replacing(incident),
      ];
    case 'dimm_temperature':
      return [`See to the cooling of the host: fans, filters, blocked slots beside ${name}.${wornByHeat(incident)}`];
    case 'dimm_dirty_shutdown':
      return [
        'Check the file systems and databases on it for data that was acknowledged and is gone: writes that were in flight at the power loss may be missing.',
        'If the host was shut down in order, suspect the power supply or the energy source, not the module alone.',
      ];
    case 'dimm_not_armed':
      return [
        `Put nothing on ${name} that must survive a power failure; charge or replace its energy source, then restart the host.`,
      ];
    case 'dimm_save_failed':
    case 'dimm_restore_failed':
    case 'dimm_flush_failed':
      return [
        `Treat what is on ${name} as damaged until it is compared with a good copy: check the file systems and databases on it.`,
        'See the system event log of the host for the power failure behind it.',
      ];
    case 'dimm_erase_failed':
      return [
        `A module that cannot erase its flash memory cannot save the next time: plan the replacement of ${name}.`,
        ...replacing(incident),
      ];
    case 'dimm_map_failed':
      return [`See the firmware's setup and event log: ${name} is there, but its memory is not to be had.`];
    case 'energy_source_worn':
      return [`Replace the energy source (capacitor, battery) of ${name} before the next power failure.`];
    case 'health_unreadable':
      return incident.severity === 'info'
        ? [accessStep(device, incident.detail)]
        : [`See the kernel log for ${device}; try ndctl list -DH -d ${device} on the host.`];
    case 'dimm_replace':
      return [`Copy what is on ${name} to another device, then replace the module.`, ...replacing(incident)];
    default:
      return undefined;
  }
}
