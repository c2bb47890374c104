import type { MountNamespaceRef, OpenBy, Owner, OwnerDraft } from '../model/owner.ts';
import { textOfBytes } from '../model/path.ts';
import type { Mount } from '../model/topology.ts';
import { bytesFromSectors, sectorCount } from '../model/units.ts';
import type { FilesystemIo } from '../ports.ts';
import type { HostFacts } from './climb.ts';
import { findKernelUsers } from './kernel-users.ts';
import { deletedName, describeProcess, findUses, targetKey, type Use, type UseTarget } from './open-by.ts';
import { touchesBytes } from './process-maps.ts';
import { readersGet, withGoodCopy } from './readers-get.ts';

/** Processes that are named at an owner; the others are counted. */
const MOST_OPENERS = 64;

/** What an owner is, as processes use it. */
interface Subject {
  readonly target: UseTarget;
  /** damaged bytes of the target */
  readonly offset: number | undefined;
  readonly length: number | undefined;
  readonly statDevice?: string | undefined;
}

/** A file system that gave answers. */
export interface AskedFilesystem {
  readonly mount: Mount;
  /** st_dev of files where it is not that of the mount, by their subvolumes */
  readonly statDevices: ReadonlyMap<string, string>;
}

export interface UserQuestion {
  readonly facts: HostFacts;
  /** the file systems that were asked, by their devices */
  readonly asked: ReadonlyMap<string, AskedFilesystem>;
  readonly io: FilesystemIo;
  /** ends the look at processes, not the answer */
  readonly signal: AbortSignal;
}

/**
 * Adds to finished owners who uses the file, or the device that carries none: one look at all processes for all of them;
 * and what their readers get.
 */
export async function addUsers(owners: readonly OwnerDraft[], question: UserQuestion): Promise<void> {
  const { facts, io, signal } = question;
  const subjects = owners.map((owner) => fileSubject(owner, question) ?? rawSubject(owner, facts));
  const byKey = new Map(subjects.flatMap((s) => (s === undefined ? [] : [[targetKey(s.target), s.target]])));
  const targets = [...byKey.values()];
  const mounts = new Map(facts.mounts.map((m) => [m.id, m.devNumber]));
  const processes = await findUses({ targets, mounts, io, signal });
  const kernel = findKernelUsers(targets, facts, io);
  const processOf = createProcessNames(io);
  for (const [i, owner] of owners.entries()) {
    nameNamespaces(owner, processOf);
    const subject = subjects[i];
    if (subject === undefined) continue;
    const { uses, doubt } = ofSubvolume(processes.of(subject.target), subject);
    addOpeners(owner, uses, subject, [processes.reason, doubt].filter((why) => why !== undefined).join('; '));
    const kernelUsers = kernel(subject.target);
    if (kernelUsers.length > 0) owner.kernelUsers = kernelUsers;
    const former = owner.kind === 'deleted' ? formerPath(uses) : undefined;
    if (former !== undefined) owner.formerPath = former;
    const gets = owner.kind === 'raw' ? readersGet(owner, { dax: undefined, cached: undefined }) : owner.readersGet;
    if (gets !== undefined) owner.readersGet = withGoodCopy(gets, owner.goodCopy);
  }
}

type ProcessNames = (ref: MountNamespaceRef) => MountNamespaceRef;
function createProcessNames(io: FilesystemIo): ProcessNames {
  const known = new Map<number, MountNamespaceRef>();
  return ({ pid }) => {
    const ref = known.get(pid) ?? describeProcess(String(pid), io);
    known.set(pid, ref);
    return ref;
  };
}
/** Whose mount namespaces they are. */
function nameNamespaces(owner: OwnerDraft, processOf: ProcessNames): void {
  const { mountNamespace, otherPaths } = owner;
  if (mountNamespace !== undefined) owner.mountNamespace = processOf(mountNamespace);
  if (otherPaths === undefined) return;
  owner.otherPaths = otherPaths.map((other) =>
    other.mountNamespace === null ? other : { ...other, mountNamespace: processOf(other.mountNamespace) },
  );
}

function fileSubject(owner: Owner, { asked }: UserQuestion): Subject | undefined {
  const { inode, subvolume, kind, offset, length } = owner;
  if (inode === undefined || kind === 'metadata') return undefined;
  const filesystem = asked.get(topDevice(owner));
  if (filesystem === undefined) return undefined;
  const { mount, statDevices } = filesystem;
  const ambiguous = mount.fsType === 'btrfs';
  const statDevice = subvolume === undefined ? undefined : statDevices.get(subvolume);
  return { target: { kind: 'file', superDevice: mount.devNumber, inode, ambiguous }, offset, length, statDevice };
}
/** A device without a file system may be used itself: by a database, a virtual machine, as swap. */
function rawSubject(owner: Owner, { blockDevices, daxDevices = [] }: HostFacts): Subject | undefined {
  if (owner.kind !== 'raw') return undefined;
  const name = topDevice(owner);
  const device = [...blockDevices, ...daxDevices].find((d) => d.name === name);
  if (device === undefined) return undefined;
  const { start, count } = owner.layers?.at(-1) ?? owner;
  return {
    target: { kind: 'device', number: device.devNumber, name },
    offset: bytesFromSectors(sectorCount(start)),
    length: bytesFromSectors(count),
  };
}
function topDevice(owner: Owner): string {
  return owner.layers?.at(-1)?.device ?? owner.device;
}

/** Inode numbers repeat in each subvolume: st_dev tells them apart. Where it cannot be told, nobody is accused. */
function ofSubvolume(
  found: readonly Use[],
  { target, statDevice: own }: Subject,
): { readonly uses: readonly Use[]; readonly doubt?: string } {
  if (target.kind === 'device' || !target.ambiguous) return { uses: found };
  const uses = found.filter((use) => own !== undefined && use.statDevice === own);
  const undecided = found.filter((use) => own === undefined || use.statDevice === undefined).length;
  if (undecided === 0) return { uses };
  return { uses, doubt: `whether ${undecided} more use it or its namesake in another subvolume cannot be told` };
}
const NOBODY: readonly OpenBy[] = [];
function addOpeners(
  owner: OwnerDraft,
  uses: readonly Use[],
  { offset, length }: Subject,
  /** why some may be missing; '' when none are */
  reason: string,
): void {
  owner.openByComplete = reason === '';
  if (reason !== '') owner.openByReason = reason;
  if (uses.length === 0) {
    owner.openBy = NOBODY;
    return;
  }
  const all = uses.map(({ pid, command, unit, container, pod, mapped }): OpenBy => {
    const hit = offset !== undefined && length !== undefined && touchesBytes(mapped, offset, length);
    return { pid, command, mapped: mapped.length > 0, mapsDamaged: hit, unit, container, pod };
  });
  all.sort((a, b) => danger(b) - danger(a) || a.pid - b.pid);
  owner.openBy = all.slice(0, MOST_OPENERS);
  if (all.length > MOST_OPENERS) owner.openByCount = all.length;
}
function danger(open: OpenBy): number {
  return open.mapsDamaged ? 2 : open.mapped ? 1 : 0;
}

function formerPath(uses: readonly Use[]): string | undefined {
  for (const use of uses) {
    const name = deletedName(use.name);
    if (name !== undefined) return textOfBytes(name);
  }
  return undefined;
}
