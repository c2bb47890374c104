import { type Static, Type } from 'typebox';
import { fileIdentity } from '../../model/owner.ts';
import type { PlaceState } from '../../model/state.ts';
import { shortUid } from '../../model/topology.ts';
import { type DamagedFile, damageOf, openersOf } from '../damage.ts';
import { placesOf } from './bad-blocks.ts';
import { answerIfChanged } from './etag.ts';
import { goodCopySchema, openersFields, openersSchema, usersJson } from './owners.ts';
import { type Listing, onceFor, pageOf, pageQuery, selected, sorted } from './paging.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, freshnessOf, listOf, readScope } from './schemas.ts';

const fileSchema = Type.Object(
  {
    path: Type.String({ description: 'its first name; `inode N` where none is known' }),
    paths: Type.Array(Type.String()),
    pathsBase64: Type.Array(Type.String()),
    pathsComplete: Type.Boolean(),
    linkCount: Type.Optional(Type.Integer()),
    inode: Type.Optional(Type.String()),
    subvolume: Type.Optional(Type.String({ description: 'btrfs: the subvolume that the inode number belongs to' })),
    mountpoint: Type.String(),
    fsType: Type.Optional(Type.String()),
    device: Type.String(),
    uid: Type.String(),
    bytes: Type.Integer({ description: 'bytes of its storage that are bad' }),
    ranges: Type.Array(
      Type.Object(
        {
          offset: Type.Optional(Type.Integer({ description: 'bytes from the start of the file' })),
          length: Type.Optional(Type.Integer({ description: 'bytes' })),
          state: Type.Optional(Type.Enum(['data', 'unwritten'])),
          device: Type.String(),
          start: Type.Integer({ description: 'sector of 512 bytes on `device`' }),
          count: Type.Integer(),
        },
        closed,
      ),
    ),
    openBy: openersSchema,
    ...openersFields,
    dax: Type.Optional(Type.Boolean({ description: 'whether programs reach the memory itself' })),
    goodCopy: Type.Optional(goodCopySchema),
  },
  { ...closed, title: 'DamagedFile' },
);
type FileJson = Static<typeof fileSchema>;

export const filesRoute: HttpRoute = {
  name: 'files',
  register(app, { view, access }) {
    app.get(
      '/api/v1/files',
      {
        schema: {
          operationId: 'listDamagedFiles',
          summary: 'Damaged files',
          description: readScope.note,
          tags: ['media'],
          security: readScope.security,
          querystring: Type.Object(
            { device: Type.Optional(Type.String()), mountpoint: Type.Optional(Type.String()), ...pageQuery },
            closed,
          ),
          response: answersOf(listOf(fileSchema)),
        },
        onRequest: async (request) => access.mustRead(request.raw),
        preHandler: (request, reply) => {
          const { state } = view();
          const places = placesOf(state, request.query.device);
          const { complete, readAt } = freshnessOf(state, places);
          return answerIfChanged(request, reply, [complete, readAt, ...places]);
        },
      },
      (request) => {
        const { state } = view();
        const { device, mountpoint, ...page } = request.query;
        const places = placesOf(state, device);
        const uids = new Set(places.map(({ place }) => place.uid));
        const isWanted = (file: DamagedFile) =>
          uids.has(file.uid) && (mountpoint === undefined || file.mountpoint === mountpoint);
        const { items, next } = pageOf(listing, selected(filesOf(state.places), isWanted), page);
        const fresh = freshnessOf(state, places);
        const resolved = places.every((place) => damageOf(place).resolved);
        return { items: items.map(fileJson), next, ...fresh, complete: fresh.complete && resolved };
      },
    );
  },
};

const listing: Listing<DamagedFile> = {
  name: 'files',
  keyOf({ device, mountpoint, name, uid, owners: [first] }) {
    return [device, mountpoint, name, uid, first === undefined ? '' : fileIdentity(first)].join('\0');
  },
};
const filesOf = onceFor((places: ReadonlyMap<string, PlaceState>) =>
  sorted(
    listing,
    [...places.values()].flatMap((place) => damageOf(place).files),
  ),
);

function fileJson(file: DamagedFile): FileJson {
  const [first] = file.owners;
  const named = file.owners.find((o) => (o.paths?.length ?? 0) > 0) ?? first;
  return {
    path: file.name,
    paths: [...(named?.paths ?? [])],
    pathsBase64: [...(named?.pathsBase64 ?? [])],
    pathsComplete: named?.pathsComplete ?? false,
    ...(named?.linkCount === undefined ? {} : { linkCount: named.linkCount }),
    ...(first?.inode === undefined ? {} : { inode: first.inode }),
    ...(first?.subvolume === undefined ? {} : { subvolume: first.subvolume }),
    mountpoint: file.mountpoint,
    ...(first?.fsType === undefined ? {} : { fsType: first.fsType }),
    device: file.device,
    uid: shortUid(file.uid),
    bytes: file.bytes,
    ranges: file.owners
      .map(({ offset, length, state, device, start, count }) => ({
        ...(offset === undefined ? {} : { offset }),
        ...(length === undefined ? {} : { length }),
        ...(state === undefined ? {} : { state }),
        device,
        start,
        count,
      }))
      .sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0)),
    openBy: openersOf(file),
    ...usersOf(file),
    ...(first?.goodCopy === undefined ? {} : { goodCopy: worstCopy(file) }),
  };
}

function usersOf(file: DamagedFile): Partial<FileJson> {
  const { owners } = file;
  const count = owners.reduce((most, o) => Math.max(most, o.openByCount ?? 0), 0);
  const doubted = owners.find((o) => o.openByComplete === false);
  const looked = owners.some((o) => o.openByComplete !== undefined);
  const kernelUsers = owners.find((o) => o.kernelUsers !== undefined)?.kernelUsers;
  const worst = owners.find((o) => o.readersGet?.read === 'EIO') ?? owners[0];
  const dax = owners.find((o) => o.dax !== undefined)?.dax;
  return {
    ...(count > openersOf(file).length ? { openByCount: count } : {}),
    ...(looked ? { openByComplete: doubted === undefined } : {}),
    ...(doubted?.openByReason === undefined ? {} : { openByReason: doubted.openByReason }),
    ...usersJson({ kernelUsers, readersGet: worst?.readersGet }, true),
    ...(dax === undefined ? {} : { dax }),
  };
}

/** A file has a good copy only if each of its damaged ranges has one. */
function worstCopy(file: DamagedFile): { exists: 'yes' | 'no' | 'unknown'; where: string | null } {
  const copies = file.owners.map((o) => o.goodCopy ?? { exists: 'unknown' as const, where: null });
  for (const exists of ['no', 'unknown', 'yes'] as const) {
    const found = copies.find((c) => c.exists === exists);
    if (found !== undefined) return { ...found };
  }
  return { exists: 'unknown', where: null };
}
