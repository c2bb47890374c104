import { type Static, Type } from 'typebox';
import { shift } from '../../model/extent.ts';
import type { TrackedRange } from '../../model/incident.ts';
import { layersWithoutFiles, type OtherPath, type Owner, type OwnerKind } from '../../model/owner.ts';
import { withoutPaths } from '../../model/without-paths.ts';
import { closed, nullable, time, timeOf, timeOrNull } from './schemas.ts';

const openBySchema = Type.Object(
  {
    pid: Type.Integer(),
    command: Type.String(),
    mapped: Type.Boolean(),
    mapsDamaged: Type.Boolean({ description: 'it maps a page that holds a damaged byte' }),
    unit: nullable(Type.String()),
    container: nullable(Type.String()),
    pod: nullable(Type.String()),
  },
  { ...closed, title: 'Opener' },
);
export const openersFields = {
  openByCount: Type.Optional(Type.Integer({ description: 'how many there are, where `openBy` holds only the first' })),
  openByComplete: Type.Optional(
    Type.Boolean({ description: 'false: processes may be missing from `openBy`, for `openByReason`' }),
  ),
  openByReason: Type.Optional(Type.String()),
  kernelUsers: Type.Optional(
    Type.Array(
      Type.Object(
        { kind: Type.Enum(['swap', 'loop']), name: Type.String({ description: 'the swap area, or the loop device' }) },
        closed,
      ),
      { description: 'parts of the kernel that use it' },
    ),
  ),
  readersGet: Type.Optional(
    Type.Object(
      {
        read: Type.Enum(['EIO', 'data', 'zeros', 'unsupported'], { description: 'of read(2)' }),
        mapped: Type.Enum(['SIGBUS', 'data', 'zeros'], { description: 'of an access to memory that maps it' }),
        from: nullable(Type.Enum(['page cache', 'good copy'], { description: 'where `data` comes from' })),
        why: nullable(Type.String()),
      },
      { ...closed, description: 'what programs get that touch the damaged bytes' },
    ),
  ),
};
export const goodCopySchema = Type.Object(
  {
    exists: Type.Enum(['yes', 'no', 'unknown']),
    where: nullable(Type.String()),
  },
  closed,
);
export const openersSchema = Type.Array(openBySchema);
const mountNamespaceSchema = Type.Object(
  {
    pid: Type.Integer({ description: 'a process in it' }),
    command: Type.Optional(Type.String()),
    unit: Type.Optional(nullable(Type.String())),
    container: Type.Optional(nullable(Type.String())),
    pod: Type.Optional(nullable(Type.String())),
  },
  closed,
);
const otherPathSchema = Type.Object(
  {
    path: Type.String(),
    pathBase64: Type.String(),
    mountNamespace: nullable(mountNamespaceSchema),
  },
  closed,
);
const layerSchema = Type.Object(
  {
    device: Type.String(),
    name: Type.Optional(Type.String({ description: 'what people call it: a volume, the file behind a loop device' })),
    kind: Type.String(),
    start: Type.Integer(),
    count: Type.Integer(),
  },
  closed,
);

const ownerKinds = [
  'file',
  'directory',
  'symlink',
  'metadata',
  'free',
  'unreferenced',
  'deleted',
  'raw',
  'hidden',
  'pending',
  'unknown',
] as const satisfies readonly OwnerKind[];

export const ownerSchema = Type.Object(
  {
    kind: Type.Enum(ownerKinds),
    device: Type.String(),
    start: Type.Integer({ description: 'sector of 512 bytes on `device`' }),
    count: Type.Integer(),
    layers: Type.Optional(Type.Array(layerSchema)),
    fsType: Type.Optional(Type.String()),
    mountpoint: Type.Optional(Type.String()),
    inode: Type.Optional(Type.String({ description: 'decimal' })),
    subvolume: Type.Optional(Type.String({ description: 'btrfs: the subvolume that the inode number belongs to' })),
    offset: Type.Optional(Type.Integer({ description: 'bytes from the start of the file' })),
    length: Type.Optional(Type.Integer({ description: 'bytes' })),
    state: Type.Optional(Type.Enum(['data', 'unwritten'])),
    shared: Type.Optional(Type.Boolean()),
    packed: Type.Optional(
      Type.Boolean({ description: 'compressed or encrypted: any of its sectors spoils all of `length`' }),
    ),
    dax: Type.Optional(Type.Boolean()),
    paths: Type.Optional(Type.Array(Type.String())),
    pathsBase64: Type.Optional(Type.Array(Type.String())),
    pathsComplete: Type.Optional(Type.Boolean()),
    pathsRedacted: Type.Optional(Type.Boolean({ description: 'there are names, which a token of scope read shows' })),
    linkCount: Type.Optional(Type.Integer()),
    openBy: Type.Optional(openersSchema),
    ...openersFields,
    otherPaths: Type.Optional(
      Type.Array(otherPathSchema, {
        description: 'names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it',
      }),
    ),
    mountNamespace: Type.Optional(mountNamespaceSchema),
    formerPath: Type.Optional(Type.String({ description: 'of a deleted file: its name when it was last opened' })),
    goodCopy: Type.Optional(goodCopySchema),
    metadata: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
  },
  { ...closed, title: 'Owner' },
);
export type OwnerJson = Static<typeof ownerSchema>;

export const rangeFields = {
  on: Type.Enum(['device', 'place'], {
    description: 'whether `start` counts from sector 0 of `device` or from the start of the namespace or region',
  }),
  start: Type.Integer({ description: 'sector of 512 bytes' }),
  count: Type.Integer({ description: 'sectors of 512 bytes' }),
  firstSeen: time,
  lastSeen: time,
  foundBy: Type.String(),
  unconfirmed: nullable(Type.String({ description: 'why it is not known whether it is still bad' })),
  ownersComplete: Type.Boolean(),
  ownersAt: nullable(time),
  owners: Type.Array(ownerSchema),
};
export const rangeSchema = Type.Object(rangeFields, closed);
export type RangeJson = Static<typeof rangeSchema>;

/** An owner with its names, or without them for a reader who may not see file names. */
export function ownerJson(owner: Owner, named: boolean): OwnerJson {
  const { layers, paths, pathsBase64, otherPaths, mountNamespace, ...others } = owner;
  const { openBy, kernelUsers, readersGet, formerPath, reason, openByReason, ...rest } = others;
  return {
    ...rest,
    ...(reason === undefined ? {} : { reason: named ? reason : withoutPaths(reason) }),
    ...(openByReason === undefined ? {} : { openByReason: named ? openByReason : withoutPaths(openByReason) }),
    ...(layers === undefined ? {} : { layers: named ? layers.map((l) => ({ ...l })) : layersWithoutFiles(layers) }),
    ...(paths === undefined ? {} : { paths: named ? [...paths] : [] }),
    ...(pathsBase64 === undefined ? {} : { pathsBase64: named ? [...pathsBase64] : [] }),
    ...(otherPaths === undefined || !named ? {} : { otherPaths: otherPaths.map(otherPathJson) }),
    ...(mountNamespace === undefined ? {} : { mountNamespace: { ...mountNamespace } }),
    ...(formerPath === undefined || !named ? {} : { formerPath }),
    ...(!named && ((paths?.length ?? 0) > 0 || formerPath !== undefined) ? { pathsRedacted: true } : {}),
    ...usersJson({ kernelUsers, readersGet }, named),
    ...(openBy === undefined ? {} : { openBy: openBy.map((o) => ({ ...o })) }),
  };
}

function otherPathJson({ mountNamespace, ...other }: OtherPath) {
  return { ...other, mountNamespace: mountNamespace === null ? null : { ...mountNamespace } };
}

/** The name of a swap file is a file name. */
export function usersJson(
  { kernelUsers, readersGet }: { kernelUsers: Owner['kernelUsers']; readersGet: Owner['readersGet'] },
  named: boolean,
): Pick<OwnerJson, 'kernelUsers' | 'readersGet'> {
  return {
    ...(kernelUsers === undefined
      ? {}
      : { kernelUsers: kernelUsers.map(({ kind, name }) => ({ kind, name: named || kind === 'loop' ? name : '' })) }),
    ...(readersGet === undefined ? {} : { readersGet: { ...readersGet } }),
  };
}

/** `dataStart`: place sector of the device's sector 0, where it is known. */
export function rangeJson(range: TrackedRange, dataStart: number | undefined, named: boolean): RangeJson {
  const onDevice = dataStart === undefined ? undefined : shift(range, -dataStart);
  return {
    on: onDevice === undefined ? 'place' : 'device',
    start: onDevice?.start ?? range.start,
    count: range.count,
    firstSeen: timeOf(range.firstSeen),
    lastSeen: timeOf(range.lastSeen),
    foundBy: range.foundBy,
    unconfirmed: range.unconfirmed ?? null,
    ownersComplete: range.ownersComplete,
    ownersAt: timeOrNull(range.ownersAt),
    owners: range.owners.map((owner) => ownerJson(owner, named)),
  };
}
