import assert from 'node:assert/strict';
import type { Client, FetchResponse } from 'openapi-fetch';
import type { paths } from './schema.d.ts';

type Api = Client<paths>;
/** A call of every operation, by `METHOD /path`, as a program makes it that knows nothing but the generated types. */
export const calls: Readonly<Record<string, (api: Api) => Promise<unknown>>> = {
  'GET /-/healthy': async (api) => text(await api.GET('/-/healthy', { parseAs: 'text' })),
  'GET /-/ready': async (api) => text(await api.GET('/-/ready', { parseAs: 'text' })),
  'GET /metrics': async (api) => text(await api.GET('/metrics', { parseAs: 'text' })),
  'GET /openapi.json': async (api) => data(await api.GET('/openapi.json'))['openapi'],
  'POST /-/reload': async (api) => assert.equal(data(await api.POST('/-/reload')).ok, true),
  'GET /api/v1/topology': async (api) => {
    const { buses, namespaces, readAt } = data(await api.GET('/api/v1/topology'));
    const [bus] = buses;
    assert.ok(bus !== undefined && namespaces.length > 0 && readAt !== null);
    const monitored: boolean = bus.monitored;
    assert.equal(monitored, true);
  },
  'GET /api/v1/devices': async (api) => {
    const { items } = data(await api.GET('/api/v1/devices', { params: { query: { limit: 5 } } }));
    const bad: number | null | undefined = items.find(({ device }) => device === 'pmem0')?.badRanges;
    assert.equal(bad, 1);
  },
  'GET /api/v1/dimms': async (api) => assert.ok(data(await api.GET('/api/v1/dimms')).items.length > 0),
  'GET /api/v1/dimms/{dimm}': async (api) => {
    const [first] = data(await api.GET('/api/v1/dimms')).items;
    const path = { dimm: first?.dimm ?? '' };
    const { name, health } = data(await api.GET('/api/v1/dimms/{dimm}', { params: { path } }));
    assert.equal(name, first?.name);
    const state: 'ok' | 'noncritical' | 'critical' | 'fatal' | 'unknown' | undefined = health?.state;
    assert.notEqual(state, 'fatal');
  },
  'GET /api/v1/badblocks': async (api) => {
    const { items, next } = data(await api.GET('/api/v1/badblocks', { params: { query: { device: 'pmem0' } } }));
    const [range] = items;
    assert.ok(range !== undefined && next === null);
    const start: number = range.start;
    assert.ok(start >= 0);
    // @ts-expect-error: a range has no such field
    assert.equal(range.sector, undefined);
  },
  'GET /api/v1/files': async (api) => assert.deepEqual(data(await api.GET('/api/v1/files')).items, []),
  'GET /api/v1/files/check': async (api) => {
    const path = ['/no/such/mount'];
    const { complete, files } = data(await api.GET('/api/v1/files/check', { params: { query: { path } } }));
    const reason: string | null | undefined = files[0]?.reason;
    assert.deepEqual([complete, reason], [false, 'it lies on no mounted file system of a watched device']);
    // @ts-expect-error: a question without a path is none
    assert.equal((await api.GET('/api/v1/files/check')).response.status, 400);
  },
  'POST /api/v1/resolve': async (api) => {
    const body = { device: '/dev/pmem0', ranges: [{ start: 0, count: 8 }] };
    const { device, results } = data(await api.POST('/api/v1/resolve', { body }));
    assert.deepEqual([device, results[0]?.count], ['/dev/pmem0', 8]);
    assert.ok((results[0]?.owners.length ?? 0) > 0);
  },
  'GET /api/v1/incidents': async (api) => assert.equal((await incident(api)).status, 'open'),
  'GET /api/v1/incidents/{id}': async (api) => {
    const path = { id: (await incident(api)).id };
    const severity: 'critical' | 'warning' | 'info' = data(
      await api.GET('/api/v1/incidents/{id}', { params: { path } }),
    ).severity;
    assert.equal(typeof severity, 'string');
  },
  'POST /api/v1/incidents/{id}/acknowledge': async (api) => {
    const path = { id: (await incident(api)).id };
    const options = { params: { path }, body: { author: 'ada', reason: 'looking at it' } };
    const { acknowledgement } = data(await api.POST('/api/v1/incidents/{id}/acknowledge', options));
    assert.equal(acknowledgement?.author, 'ada');
  },
  'POST /api/v1/incidents/{id}/close': async (api) => {
    const path = { id: (await incident(api)).id };
    const refused = await api.POST('/api/v1/incidents/{id}/close', { params: { path }, body: {} });
    assert.equal(problem(refused).status, 409);
  },
  'GET /api/v1/events': async (api) => {
    const { items, complete } = data(await api.GET('/api/v1/events', { params: { query: { limit: 3 } } }));
    assert.deepEqual([items.length, complete], [3, true]);
  },
  'GET /api/v1/events/stream': async (api) => {
    const abort = new AbortController();
    const options = { params: { query: { after: '0' } }, parseAs: 'stream', signal: abort.signal } as const;
    const body = data(await api.GET('/api/v1/events/stream', options));
    const { value } = await (body as ReadableStream<Uint8Array>).getReader().read();
    assert.match(Buffer.from(value ?? []).toString(), /^: pmemwatch events/);
    abort.abort();
  },
  'GET /api/v1/deliveries': async (api) => {
    const query = { status: 'dead' } as const;
    assert.deepEqual(data(await api.GET('/api/v1/deliveries', { params: { query } })).items, []);
  },
  'POST /api/v1/deliveries/{id}/replay': async (api) => {
    const options = { params: { path: { id: '999999' } }, body: {} };
    assert.equal(problem(await api.POST('/api/v1/deliveries/{id}/replay', options)).status, 404);
  },
  'POST /api/v1/receivers/{name}/replay': async (api) => {
    const options = { params: { path: { name: 'nobody' } }, body: {} };
    assert.equal(problem(await api.POST('/api/v1/receivers/{name}/replay', options)).status, 404);
  },
  'POST /api/v1/receivers/{name}/test': async (api) => {
    const options = { params: { path: { name: 'nobody' } }, body: {} };
    assert.equal(problem(await api.POST('/api/v1/receivers/{name}/test', options)).status, 404);
  },
  'GET /api/v1/scrubs': async (api) => {
    const { buses } = data(await api.GET('/api/v1/scrubs'));
    const supported: boolean | undefined = buses[0]?.supported;
    assert.equal(typeof supported, 'boolean');
  },
  'GET /api/v1/scrubs/{id}': async (api) => {
    const found = await api.GET('/api/v1/scrubs/{id}', { params: { path: { id: 'none' } } });
    assert.equal(problem(found).status, 404);
  },
  'POST /api/v1/scrubs': async (api) => {
    const answer = await api.POST('/api/v1/scrubs', { body: { bus: 'ndbus9' } });
    assert.equal(problem(answer).status, 404);
  },
};

async function incident(api: Api) {
  const [first] = data(await api.GET('/api/v1/incidents', { params: { query: { status: 'open' } } })).items;
  assert.ok(first !== undefined, 'the host has no incident');
  return first;
}
function data<T extends Record<string | number, unknown>, O, M extends `${string}/${string}`>(
  answer: FetchResponse<T, O, M>,
) {
  assert.ok(answer.data !== undefined, `${answer.response.url}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}
function text(answer: { readonly data?: unknown; readonly response: Response }): void {
  assert.equal(answer.response.status, 200);
  assert.equal(typeof answer.data, 'string');
}
function problem<E extends { readonly status: number; readonly detail: string }>(answer: { readonly error?: E }): E {
  assert.ok(answer.error !== undefined && answer.error.detail.length > 0, 'it is no problem document');
  return answer.error;
}
