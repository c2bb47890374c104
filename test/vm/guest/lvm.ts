import { mkdirSync, writeFileSync } from 'node:fs';
import { program } from './program.ts';

/** There is no udev in the guest, and nothing that monitors volumes. */
const settings = `devices { obtain_device_list_from_udev=0 external_device_info_source="none" use_devicesfile=0 }
activation { udev_sync=0 udev_rules=0 monitoring=0 }
global { use_lvmpolld=0 event_activation=0 }
backup { backup=0 archive=0 }
`;

export function prepareLvm(): void {
  mkdirSync('/tmp/lvm', { recursive: true });
  writeFileSync('/tmp/lvm/lvm.conf', settings);
  process.env['LVM_SYSTEM_DIR'] = '/tmp/lvm';
}
export function lvm(...args: string[]): void {
  program('lvm', ...args);
}
