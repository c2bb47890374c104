import { type HealthFields, type HealthSource, knownFields } from '../../model/health.ts';
import { type Observation, ok, unsupported } from '../../model/observation.ts';
import type { FileRead, KernelTree } from '../../ports.ts';
import { dsmFamilies } from './families.ts';
import type { DsmFamily, HealthCommand } from './family.ts';

const ND = 'bus/nd/devices';
/** Attributes of a DIMM (kernel-abi section 4). `firmware/*` asks the firmware each time: not read. */
const attributes = [
  'dev',
  'commands',
  'security',
  'frozen',
  'nfit/family',
  'nfit/dsm_mask',
  'nfit/flags',
  'nfit/dirty_shutdown',
  'papr/flags',
  'papr/dirty_shutdown',
  'papr/perf_stats',
] as const;
type Attribute = (typeof attributes)[number];

/** What the kernel tells of a DIMM without asking its firmware. */
export interface KernelFacts {
  readonly sources: readonly HealthSource[];
  /** the methods that may be asked, essential ones first */
  readonly support: Observation<Support>;
  /** of an attribute whose reading has not come back */
  readonly released?: Promise<void>;
}
export interface Support {
  readonly family: DsmFamily;
  readonly devNumber: string;
  readonly commands: readonly HealthCommand[];
}

/** Reads them. Never rejects for what a kernel file does. */
export async function readKernelFacts(sysfs: KernelTree, name: string, now: () => number): Promise<KernelFacts> {
  const files = await sysfs.readAll(`${ND}/${name}`, attributes);
  const text = (attribute: Attribute): string | undefined => {
    const file = files.get(attribute);
    return file?.kind === 'ok' ? Buffer.from(file.data).toString('utf8').trim() : undefined;
  };
  const at = now();
  const found: readonly (readonly [Attribute, HealthFields])[] = [
    ['nfit/flags', flagFields(text('nfit/flags'))],
    ['papr/flags', paprFields(text('papr/flags'))],
    ['nfit/dirty_shutdown', knownFields({ dirtyShutdownCount: count(text('nfit/dirty_shutdown')) })],
    ['papr/dirty_shutdown', knownFields({ dirtyShutdownCount: count(text('papr/dirty_shutdown')) })],
    ['security', knownFields({ security: text('security') || undefined })],
    ['frozen', knownFields({ securityFrozen: yesNo(text('frozen')) })],
    ['papr/perf_stats', knownFields({ performance: performanceOf(text('papr/perf_stats')) })],
  ];
  const stuck = [...files.values()].find((file) => file.kind === 'stuck');
  return {
    sources: found
      .filter(([, fields]) => Object.keys(fields).length > 0)
      .map(([attribute, fields]) => ({ source: `sysfs ${attribute}`, at, fields })),
    support: supportOf(text, (attribute) => files.get(attribute)),
    ...(stuck?.kind === 'stuck' && { released: stuck.released }),
  };
}

function flagFields(flags: string | undefined): HealthFields {
  if (flags === undefined) return {};
  const list = words(flags);
  return { flags: list, armed: !list.includes('not_armed') };
}
/** An attribute of 0 bytes says that no flag is set. */
function paprFields(flags: string | undefined): HealthFields {
  return flags === undefined ? {} : { ...flagFields(flags), encrypted: words(flags).includes('encrypted') };
}
function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
function yesNo(text: string | undefined): boolean | undefined {
  return text === '0' ? false : text === '1' ? true : undefined;
}
/** Lines of `MemLife = 0x000000000000005f`. */
function performanceOf(text: string | undefined): Record<string, string> | undefined {
  const found = [...(text ?? '').matchAll(/^(\S{1,8})\s*=\s*(0x[0-9a-f]{1,16})\s*$/gim)];
  return found.length === 0 ? undefined : Object.fromEntries(found.map(([, id, value]) => [id, value]));
}

/** Family and `dsm_mask` decide, before any call: errno never does (kernel-abi 5.3). */
function supportOf(
  text: (attribute: Attribute) => string | undefined,
  file: (attribute: Attribute) => FileRead | undefined,
): Observation<Support> {
  const family = familyOf(text);
  if (typeof family === 'string') return unsupported(family);
  const offered = offeredBy(family, text);
  if (typeof offered === 'string') return unsupported(offered);
  if (!offered.some(({ essential }) => essential)) {
    return unsupported(
      `the platform offers no health data of this module (${family.name}, dsm_mask ${text('nfit/dsm_mask')})`,
    );
  }
  const devNumber = text('dev');
  if (devNumber === undefined) {
    const dev = file('dev');
    const reason = dev?.kind === 'failed' ? dev.errno : 'its device number cannot be read';
    return { kind: 'failed', code: 'SYSFS_READ', reason: `the module has no device to ask: dev: ${reason}` };
  }
  return ok({ family, devNumber, commands: offered });
}
function familyOf(text: (attribute: Attribute) => string | undefined): DsmFamily | string {
  const byName = (name: string) => dsmFamilies.find((family) => family.name === name);
  const papr = text('papr/flags') === undefined ? undefined : byName('papr');
  if (papr !== undefined) return papr;
  const number = text('nfit/family');
  if (number === undefined) return 'the kernel knows no command family of this module';
  return (
    dsmFamilies.find(({ id }) => String(id) === number && number !== '5') ??
    `command family ${number} is not one that pmemwatch knows`
  );
}
function offeredBy(
  family: DsmFamily,
  text: (attribute: Attribute) => string | undefined,
): readonly HealthCommand[] | string {
  if (family.name === 'papr') {
    const commands = words(text('commands') ?? '');
    return commands.includes('cmd_call') ? family.commands : 'the kernel passes no methods to this module';
  }
  const mask = text('nfit/dsm_mask');
  if (mask === undefined || !/^0x[0-9a-f]{1,16}$/i.test(mask))
    return 'the kernel does not say which methods it passes on';
  return family.commands.filter(({ command }) => ((BigInt(mask) >> BigInt(command)) & 1n) === 1n);
}
