import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Image } from './image.ts';
import { makeExt4 } from './image.ts';
import type { KernelSource } from './packages.ts';

export type Rig = 'qemu' | 'nfit' | 'e820';
export type Accelerator = 'kvm' | 'tcg';

export interface GuestPlan {
  readonly image: Image;
  readonly kernel: KernelSource;
  readonly modules: string;
  readonly sources: string;
  readonly rig: Rig;
  readonly accelerator: Accelerator;
  /** Where this guest's disks, sockets and console log are; they outlive a boot. */
  readonly folder: string;
  readonly timeoutMs: number;
}

export type BootEnd = 'finished' | 'boot again' | 'died' | 'timed out';

/** Boots the guest once; every line it reports goes to `onLine`. Booting again finds the same disks. */
export async function boot(plan: GuestPlan, onLine: (line: string) => void): Promise<BootEnd> {
  layDisks(plan);
  // Standard input stays open: at its end QEMU would take the report port for disconnected.
  const qemu = spawn('qemu-system-x86_64', qemuArguments(plan), { stdio: 'pipe' });
  const stop = (): void => void qemu.kill('SIGKILL');
  process.once('exit', stop); // an interrupted run leaves no guest behind
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, plan.timeoutMs);
  try {
    const seen = await follow(qemu, onLine);
    if (timedOut) return 'timed out';
    if (!seen.has('lab: end')) return 'died';
    return seen.has('lab: boot again') ? 'boot again' : 'finished';
  } finally {
    clearTimeout(timer);
    process.off('exit', stop);
  }
}

async function follow(qemu: ChildProcess, onLine: (line: string) => void): Promise<Set<string>> {
  const control = new Set<string>();
  const ended = new Promise<void>((resolve, reject) => {
    qemu.once('close', () => resolve());
    qemu.once('error', reject);
  });
  if (qemu.stdout === null || qemu.stderr === null) throw new Error('QEMU was started without pipes');
  createInterface({ input: qemu.stdout }).on('line', (line) => {
    if (line.startsWith('lab: ')) control.add(line);
    else onLine(line);
  });
  createInterface({ input: qemu.stderr }).on('line', (line) => {
    if (!line.includes("doesn't support requested feature")) onLine(`qemu: ${line}`);
  });
  await ended;
  return control;
}

function layDisks({ folder, rig }: GuestPlan): void {
  mkdirSync(folder, { recursive: true });
  const data = join(folder, 'data.img');
  if (!existsSync(data)) {
    const empty = join(folder, 'empty');
    mkdirSync(empty, { recursive: true });
    makeExt4(empty, data, '128M');
  }
  for (const file of rig === 'qemu' ? nvdimmFiles(folder) : []) {
    if (existsSync(file)) continue;
    closeSync(openSync(file, 'w'));
    truncateSync(file, nvdimmBytes);
  }
}

// Two megabytes for labels leave a region of exactly one gibibyte: other sizes misalign the second region.
const nvdimmBytes = 1026 * 1024 * 1024;

const memory: Readonly<Record<Rig, string>> = {
  qemu: '2G,slots=4,maxmem=16G',
  nfit: '2G,slots=4,maxmem=16G',
  e820: '3G',
};
// Two pieces of the memory as if the firmware called them persistent, with a gap: pieces that touch become one.
const parameters: Readonly<Record<Rig, string>> = { qemu: '', nfit: '', e820: ' memmap=512M!1G memmap=512M!1792M' };

function nvdimmFiles(folder: string): string[] {
  return [0, 1].map((index) => join(folder, `nvdimm${index}.img`));
}

function qemuArguments(plan: GuestPlan): string[] {
  const { folder, image } = plan;
  const { kernel, initrd } = image.kernels[plan.kernel];
  const monitor = join(folder, 'monitor.sock');
  const disks = [
    `${image.root},readonly=on`,
    `${plan.modules},readonly=on`,
    `${plan.sources},readonly=on`,
    join(folder, 'data.img'),
  ];
  const nvdimms = plan.rig === 'qemu' ? nvdimmFiles(folder) : [];
  return [
    ...['-accel', plan.accelerator, '-machine', 'pc,nvdimm=on', '-smp', '1', '-m', memory[plan.rig]],
    // The kernel takes a machine check for a memory error only on a processor of this vendor; an old one, since wide
    // vector registers cost an emulator more than they save.
    ...['-cpu', 'Nehalem,vendor=GenuineIntel,+mce,+mca'],
    ...['-kernel', kernel, '-initrd', initrd],
    ...[
      '-append',
      `console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr tsc=reliable${parameters[plan.rig]}`,
    ],
    ...disks.flatMap((disk) => ['-drive', `file=${disk},format=raw,if=virtio`]),
    ...nvdimms.flatMap((file, index) => [
      ...['-object', `memory-backend-file,id=mem${index},share=on,mem-path=${file},size=${nvdimmBytes}`],
      ...['-device', `nvdimm,id=nv${index},memdev=mem${index},label-size=2M`],
    ]),
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci'],
    ...['-chardev', 'stdio,id=report,signal=off', '-device', 'virtserialport,chardev=report,name=report'],
    // QEMU talks to its own monitor socket on the guest's behalf, so a test injects errors into the machine it runs on.
    ...['-chardev', `socket,id=monitor,path=${monitor},server=on,wait=off`, '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', `socket,id=qmp,path=${monitor}`, '-device', 'virtserialport,chardev=qmp,name=qmp'],
    ...['-serial', `file:${join(folder, 'console.log')}`, '-nodefaults', '-display', 'none', '-no-reboot'],
  ];
}
