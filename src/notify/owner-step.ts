/** What to do about bad sectors that no file holds: rows of docs/recovery-model.md, filled in. */
import { coalesce, type Run, run } from '../model/extent.ts';
import type { Incident } from '../model/incident.ts';
import { kindsByHarm, type Owner } from '../model/owner.ts';
import { inodeName, openersOf } from './damaged-files.ts';
import { citing } from './recovery-row.ts';
import { hasPath, nameInStep, repairFromCopy, resolveCommand, type StepOptions } from './rewrite-step.ts';
import { shellSet } from './shell.ts';
import { deviceName, plural, processClause } from './wording.ts';

const MOST_RUNS = 4;
const SWAP_HEADER_SECTORS = 8;

/** In the order in which they are told. */
export const kindsWithoutFile = kindsByHarm.filter((kind) => kind !== 'file');

/** `all` are the owners of this one's kind, `copy` what is to be said of copies of theirs. */
export function ownerStep(
  owner: Owner,
  { all, copy }: { readonly all: readonly Owner[]; readonly copy: string },
  incident: Incident,
  { paths }: StepOptions,
): string {
  const { canClear } = incident.subject;
  const repair =
    owner.goodCopy?.exists === 'yes' && owner.kind !== 'free' ? repairFromCopy([owner], incident) : undefined;
  if (repair !== undefined) return `${nameOf(owner, paths)}: ${repair}`;
  const device = owner.device || deviceName(incident.subject);
  const where = owner.mountpoint === undefined ? device : nameInStep(owner.mountpoint);
  switch (owner.kind) {
    case 'metadata':
      return citing(
        'metadata',
        `Stop what uses ${where}, save what can be read, unmount it and check it: \`${fsckCommand(owner, device)}\`. ` +
          `${canClear === false ? 'Do not repair it there, no write to a bad sector succeeds: make it anew on another device.' : 'A repair reads the bad sectors too: have a backup ready.'}${copy}`,
      );
    case 'directory':
    case 'symlink':
      return citing(
        'metadata',
        `Restore the ${owner.kind === 'symlink' ? 'symbolic link' : 'directory'} ${nameOf(owner, paths)} from a backup, then unmount and check the file system: \`${fsckCommand(owner, device)}\`.${copy}`,
      );
    case 'deleted':
      return citing(
        'deleted-open',
        `${processClause(openersOf(all)) || 'A process still has the deleted file open.'} Restart it to let go of ${inodeName(owner)}: the bad sectors then lie in free space, they are not cleared by that.${copy}`,
      );
    case 'unreferenced':
      return citing(
        'metadata',
        `Check the file system at the next chance: unmount it and run \`${fsckCommand(owner, device)}\`.${copy}`,
      );
    case 'unknown':
      return `Ask again who owns the bytes: ${resolveCommand(all, incident)}`;
    case 'pending':
      return `The owner is being looked for; to ask at once: ${resolveCommand(all, incident)}`;
    case 'raw':
      return rawStep(owner, device, incident, copy);
    case 'hidden':
      return citing(
        'namespace-anew',
        `Save the data of ${device} and make the namespace anew (\`ndctl create-namespace -f -e ${incident.subject.ndNamespace || 'NAMESPACE'}\`): ${owner.metadata ?? 'hidden data'} cannot be repaired in place.${copy}`,
      );
    case 'free':
      return freeStep(owner, all, incident);
    case 'file':
      return '';
    default:
      return owner.kind satisfies never;
  }
}

function nameOf(owner: Owner, paths: StepOptions['paths']): string {
  if (owner.kind === 'raw') return owner.device;
  return nameInStep(paths === 'full' && hasPath(owner) ? (owner.paths[0] ?? '') : inodeName(owner));
}

function rawStep(owner: Owner, device: string, { subject }: Incident, copy: string): string {
  if (subject.canClear === false) {
    return citing(
      'cannot-clear',
      `Move the data of ${device} to another device and replace the module: no write to a bad sector succeeds here.${copy}`,
    );
  }
  if (owner.metadata === 'device-dax') {
    const namespace = subject.ndNamespace || 'NAMESPACE';
    return citing(
      'devdax-clear',
      `Stop what uses ${device}, clear its bad sectors, and restore their bytes from the application's copy (they may hold anything then): \`ndctl clear-errors ${namespace}\`.${copy}`,
    );
  }
  const [top] = topRuns([owner]);
  if (top === undefined) return `Mount or restore ${device}: pmemwatch then tells what is lost.${copy}`;
  if (owner.metadata?.startsWith('swap space') === true) {
    return citing(
      'device-write',
      `Take the swap space away, zero its bad sectors, and give it back: \`${zeroSwap(top, owner.metadata)}\`.${copy}`,
    );
  }
  return citing(
    'device-write',
    `${unmounted(owner)}Restore the sectors of ${top.device} from a good copy of the whole device. Set GOOD_COPY to its path, and run ` +
      `\`${write(top, `if="\${GOOD_COPY:?}" skip=${top.start}`)}\`.${copy}`,
  );
}
/** Its first page says that it is one: without it, it must be made anew. */
function zeroSwap(top: TopRun, metadata: string): string {
  const node = `/dev/${top.device}`;
  const inUse = metadata === 'swap space in use';
  const steps = [write(top, 'if=/dev/zero'), ...(top.start < SWAP_HEADER_SECTORS ? [`mkswap ${node}`] : [])];
  return (inUse ? [`swapoff ${node}`, ...steps, `swapon ${node}`] : steps).join(' && ');
}
function unmounted({ metadata = '' }: Owner): string {
  return metadata.endsWith('not mounted') ? `It holds ${metadata}: mount it, and the file is named. Or: ` : '';
}

/** What clears free space must not race with who allocates it: nothing does while the file system is read-only. */
function freeStep(owner: Owner, all: readonly Owner[], { subject: { canClear } }: Incident): string {
  if (canClear === false) {
    return citing(
      'free-next-owner',
      'Nothing is lost yet, but no write to a bad sector succeeds here: what is written there next is lost, and XFS with DAX shuts itself down over it. Replace the module.',
    );
  }
  const nothing = 'Nothing is lost and nothing has to be done: the next write of whole blocks there clears them';
  const mine = all.filter((o) => o.mountpoint === owner.mountpoint && o.device === owner.device);
  const known = /^(xfs|ext[234])$/.test(owner.fsType ?? '') && owner.mountNamespace === undefined;
  if (!known || owner.mountpoint === undefined) return citing('free-next-owner', `${nothing}.`);
  const shown = mine.slice(0, MOST_RUNS);
  const more = mine.length - shown.length;
  const rest = more > 0 ? `, and the same for ${plural(more, 'more range')}` : '';
  const writes = topRuns(shown).map((top) => write(top, 'if=/dev/zero'));
  const asked = shown.map(({ start, count }) => `${start}+${count}`).join(' ');
  const set = shellSet('m', Buffer.from(owner.mountpoint));
  return citing(
    'free-zero',
    `${nothing}. To do it now, in a quiet hour: \`${set}; mount -o remount,ro "$m" && pmemwatch resolve ${owner.device} ${asked}\`; only if that ` +
      `says free of all of them (else data is destroyed): \`${set}; ${writes.join(' && ')}; mount -o remount,rw "$m"\`${rest}.`,
  );
}

interface TopRun extends Run {
  readonly device: string;
}
/** On the uppermost device: what is below it writes every copy and parity, and has whole blocks to write. */
function topRuns(owners: readonly Owner[]): TopRun[] {
  const tops = owners.map((o) => o.layers?.at(-1) ?? o).filter(({ device }) => device !== '');
  const devices = [...new Set(tops.map(({ device }) => device))];
  return devices.flatMap((device) =>
    coalesce(tops.filter((top) => top.device === device).map(({ start, count }) => run(start, count))).map((r) => ({
      device,
      ...r,
    })),
  );
}
function write({ device, start, count }: TopRun, from: string): string {
  return `dd ${from} of=/dev/${device} bs=512 seek=${start} count=${count} oflag=direct conv=notrunc,fsync`;
}

function fsckCommand(owner: Owner, device: string): string {
  const node = `/dev/${owner.layers?.at(-1)?.device ?? device}`;
  switch (owner.fsType) {
    case 'xfs':
      return `xfs_repair -n ${node}`;
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return `e2fsck -fn ${node}`;
    case 'btrfs':
      return `btrfs check --readonly ${node}`;
    default:
      return `fsck -n ${node}`;
  }
}
