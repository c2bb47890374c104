import { type Static, Type } from 'typebox';
import { blockDeviceJson, dimmJson, mappingJson, namespaceJson } from '../../model/inventory-json.ts';
import type { State } from '../../model/state.ts';
import { dimmSchema } from './dimms.ts';
import type { HttpRoute } from './route.ts';
import { closed, nullable, problems, time, timeOrNull } from './schemas.ts';

const text = Type.String();
const topologySchema = Type.Object(
  {
    host: Type.Object(
      { name: text, product: nullable(text), os: nullable(text), kernel: nullable(text) },
      { ...closed, description: 'null where the host does not say' },
    ),
    buses: Type.Array(
      Type.Object(
        {
          name: text,
          provider: text,
          errorSource: text,
          monitored: Type.Boolean(),
          scrubSupported: Type.Boolean(),
          hwErrorScrub: Type.Optional(
            Type.Boolean({ description: 'whether a machine check makes the kernel start a scrub' }),
          ),
          canClear: Type.Optional(
            Type.Boolean({
              description: 'whether a write of whole sectors clears an error there; absent when that is not known',
            }),
          ),
        },
        closed,
      ),
    ),
    dimms: Type.Array(dimmSchema),
    regions: Type.Array(
      Type.Object(
        {
          name: text,
          bus: text,
          kind: text,
          sizeBytes: Type.Integer(),
          persistenceDomain: Type.Optional(text),
          numaNode: Type.Optional(Type.Integer()),
          readOnly: Type.Optional(Type.Boolean()),
          enabled: Type.Boolean(),
          mappings: Type.Array(
            Type.Object(
              {
                dimm: Type.String({ description: 'kernel name of the module now' }),
                dimmId: Type.Optional(Type.String({ description: '`dimm` of the module among `dimms`' })),
                dpaStartBytes: Type.Integer(),
                lengthBytes: Type.Integer(),
                position: Type.Integer(),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
    namespaces: Type.Array(
      Type.Object(
        {
          name: text,
          region: text,
          bus: text,
          mode: text,
          sizeBytes: Type.Integer(),
          uuid: Type.Optional(text),
          device: Type.Optional(text),
          regionOffsetSectors: Type.Optional(Type.Integer({ description: 'sectors of 512 bytes' })),
          dataStartSectors: Type.Optional(Type.Integer({ description: 'sectors of 512 bytes' })),
          dataSizeSectors: Type.Optional(Type.Integer({ description: 'sectors of 512 bytes' })),
        },
        closed,
      ),
    ),
    blockDevices: Type.Array(
      Type.Object(
        {
          name: text,
          devNumber: text,
          kind: text,
          sizeSectors: Type.Integer({ description: 'sectors of 512 bytes' }),
          logicalBlockBytes: Type.Integer(),
          partitionOf: Type.Optional(Type.Object({ disk: text, startSectors: Type.Integer() }, closed)),
          holders: Type.Array(text),
          slaves: Type.Array(text),
          namespace: Type.Optional(text),
          hasBadblocks: Type.Boolean(),
          dax: Type.Boolean(),
          dmName: Type.Optional(text),
          label: Type.Optional(text),
        },
        closed,
      ),
    ),
    mounts: Type.Array(
      Type.Object(
        { devNumber: text, mountpoint: text, root: text, fsType: text, source: text, options: Type.Array(text) },
        closed,
      ),
    ),
    problems: Type.Array(Type.Object({ subject: text, reason: text }, closed)),
    complete: Type.Boolean({ description: 'false when something could not be read: see `problems`' }),
    readAt: nullable(time),
  },
  closed,
);

export const topologyRoute: HttpRoute = {
  name: 'topology',
  register(app, { view }) {
    app.get(
      '/api/v1/topology',
      {
        schema: {
          operationId: 'getTopology',
          summary: 'Buses, modules, regions, namespaces, and the block devices and mounts above them',
          tags: ['inventory'],
          response: { 200: topologySchema, ...problems },
        },
      },
      () => topologyJson(view().state),
    );
  },
};

function topologyJson({ host, topology, inventoried, at }: State): Static<typeof topologySchema> {
  return {
    host: { name: host.name, product: host.product, os: host.os, kernel: host.kernel },
    buses: topology.buses.map(({ name, provider, errorSource, scrubSupported, hwErrorScrub, canClear }) => ({
      name,
      provider,
      errorSource,
      monitored: errorSource !== 'none',
      scrubSupported,
      ...(hwErrorScrub !== undefined && { hwErrorScrub }),
      ...(canClear !== undefined && { canClear }),
    })),
    dimms: topology.dimms.map(dimmJson),
    regions: topology.regions.map((r) => ({
      name: r.name,
      bus: r.bus,
      kind: r.kind,
      sizeBytes: r.size,
      ...(r.persistenceDomain === undefined ? {} : { persistenceDomain: r.persistenceDomain }),
      ...(r.numaNode === undefined ? {} : { numaNode: r.numaNode }),
      ...(r.readOnly === undefined ? {} : { readOnly: r.readOnly }),
      enabled: r.enabled,
      mappings: r.mappings.map((mapping) => mappingJson(mapping, topology.dimms)),
    })),
    namespaces: topology.namespaces.map(namespaceJson),
    blockDevices: topology.blockDevices.map(blockDeviceJson),
    mounts: topology.mounts.map((m) => ({
      devNumber: m.devNumber,
      mountpoint: m.mountpoint.text,
      root: m.root.text,
      fsType: m.fsType,
      source: m.source.text,
      options: [...m.options],
    })),
    problems: topology.problems.map(({ subject, reason }) => ({ subject, reason })),
    complete: inventoried && topology.problems.length === 0,
    readAt: timeOrNull(inventoried ? at : null),
  };
}
