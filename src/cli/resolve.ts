import { realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { byteText } from '../model/byte-text.ts';
import { AgentError } from '../model/errors.ts';
import type { ResolveAnswer } from '../model/owner.ts';
import { resolveJson } from '../model/resolve-json.ts';
import { bytesFromSectors } from '../model/units.ts';
import { usage } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { describeOwner } from './owner-text.ts';
import { jsonText, painter, printable } from './print.ts';
import { createProgressLine } from './progress.ts';
import { parseRange, readRanges } from './sectors.ts';
import { configOption, pathOptions, settingsFor } from './settings.ts';

export const resolve: Command = {
  name: 'resolve',
  summary: 'say who owns sectors of a device: file, metadata, free space, …',
  operands: 'DEVICE START[+COUNT]...',
  details:
    'Sectors are 512 bytes and decimal, as in the kernel\'s bad-block lists; "-" reads ranges from standard input, one a\nline. Works without the agent. As an ordinary user it walks over the files that user can open, and says that it is not complete.',
  options: { json: { type: 'boolean', help: 'one JSON document instead of text' }, ...configOption, ...pathOptions },
  examples: [
    { line: 'pmemwatch resolve /dev/pmem0 262144+8', shows: 'eight sectors of pmem0' },
    { line: 'pmemwatch resolve pmem0 - </sys/block/pmem0/badblocks', shows: 'everything that the kernel lists' },
    { line: "pmemwatch resolve pmem0 262144 --json | jq -r '.results[].owners[].paths[]?'", shows: 'only the paths' },
  ],
  async run(args, context) {
    const [device, ...ranges] = args.operands;
    if (device === undefined || ranges.length === 0)
      throw usage('resolve takes a DEVICE and at least one START[+COUNT]');
    const runs = [];
    for (const range of ranges) {
      if (range === '-') runs.push(...(await readRanges(context.stdin)));
      else runs.push(parseRange(range));
    }
    const settings = await settingsFor(args, context);
    const { deadlineMs, walkRoots } = settings.config.resolve;
    const platform = await context.openPlatform(settings.roots);
    const progress = createProgressLine(context);
    try {
      const name = await kernelName(
        device,
        settings.roots.dev,
        async (candidate) => (await platform.sysfs.inode(`block/${candidate}`)) !== undefined,
        async (devNumber) => (await platform.sysfs.link(`dev/block/${devNumber}`))?.split('/').at(-1),
      );
      const answer: ResolveAnswer =
        runs.length === 0
          ? { device: name, complete: true, results: [] }
          : await platform.resolver.resolve(
              { device: name, runs, deadlineMs, walkRoots },
              progress.show,
              context.signal,
            );
      progress.clear();
      context.stdout.write(args.flag('json') ? jsonText(resolveJson(answer)) : resolveText(answer, context));
      if (answer.complete) return 0;
      context.stderr.write(`pmemwatch resolve: not complete: ${printable(incompleteReason(answer))}\n`);
      return 2;
    } finally {
      progress.clear();
      await platform.close();
    }
  },
};

/**
 * The kernel's name of what was asked about: `pmem0`, `/dev/pmem0`, or a link to it such as `/dev/mapper/vg-pg`.
 * @throws AgentError USAGE
 */
async function kernelName(
  device: string,
  dev: string,
  isDisk: (name: string) => Promise<boolean>,
  nameOf: (devNumber: string) => Promise<string | undefined>,
): Promise<string> {
  const plain = /^(?:\/dev\/)?([A-Za-z0-9][A-Za-z0-9_.:!-]{0,63})$/.exec(device)?.[1];
  if (plain !== undefined && (await isDisk(plain))) return plain;
  const node = device.startsWith('/dev/') ? join(dev, device.slice('/dev/'.length)) : device;
  if (!node.startsWith('/')) {
    if (plain !== undefined) return plain;
    throw usage(`${device} is not a device: name it as pmem0 or /dev/pmem0`);
  }
  try {
    const real = await realpath(node);
    // a node of its own instead of a link, as /dev/mapper has them without udev
    const found = await stat(real, { bigint: true });
    // character devices have numbers of their own
    return (found.isCharacterDevice() ? undefined : await nameOf(deviceNumber(found.rdev))) ?? basename(real);
  } catch (cause) {
    throw new AgentError('USAGE', `${device} does not exist: pmemwatch list shows the devices`, { cause });
  }
}

/** gnu_dev_major(3) and gnu_dev_minor(3) of what stat(2) says a node stands for */
function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

function resolveText(answer: ResolveAnswer, context: CommandContext): string {
  const paint = painter(context.color);
  const lines: string[] = [];
  for (const range of answer.results) {
    const where = `${answer.device} ${range.start}+${range.count}`;
    lines.push(`${paint('bold', printable(where))}  ${byteText(bytesFromSectors(range.count))}`);
    for (const owner of range.owners) for (const line of describeOwner(owner, range, paint)) lines.push(`  ${line}`);
  }
  return lines.length === 0 ? 'no ranges were given\n' : `${lines.join('\n')}\n`;
}

/** The first thing that is not known, in words. */
function incompleteReason(answer: ResolveAnswer): string {
  const owners = answer.results.filter((range) => !range.complete).flatMap((range) => range.owners);
  const reason = owners.find((owner) => owner.reason !== undefined)?.reason;
  return reason ?? 'some owners are not known: run it as root for the whole answer';
}
