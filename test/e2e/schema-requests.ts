import fc from 'fast-check';

/** What of JSON Schema the routes use. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}
export interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema; readonly example?: object }>>;
  };
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
export interface FuzzedRequest {
  readonly operation: string;
  readonly method: string;
  readonly target: string;
  readonly credentials: string | null;
  readonly contentType: string | null;
  readonly body: string | null;
  /** what a browser, a scraper or one who has an answer already sends besides */
  readonly headers: Readonly<Record<string, string>>;
}

/** Values that a schema allows. @throws on a keyword that is not known here */
export function valid(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valid));
  const { minLength = 0, maxLength = 200, minimum = -1_000_000, maximum = 1_000_000 } = schema;
  switch (schema.type) {
    case 'string':
      if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
      return fc.string({ minLength, maxLength: Math.min(maxLength, 300), unit: 'grapheme' });
    case 'integer':
      return fc.integer({ min: minimum, max: maximum });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valid(schema.items ?? {}), { maxLength: 5 });
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, each]) => [name, valid(each)])),
        { requiredKeys: [...(schema.required ?? [])] },
      );
    default:
      throw new Error(`a schema that cannot be filled: ${JSON.stringify(schema)}`);
  }
}

/** What people, scanners and broken programs send. */
const strange = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom(
    ...['', ' ', '0', '-1', '1e999', 'NaN', 'null', 'true', '[]', '{}', '../../etc/passwd', '/etc/passwd', '\0', '%00'],
    ...[
      '__proto__',
      'constructor',
      'a'.repeat(3000),
      "' OR 1=1 --",
      '<script>',
      '$(id)',
      '\r\nSet-Cookie: a=b',
      '\ud800',
    ],
    ...['9007199254740993', '99999999999999999999', '0x10', '1,2', 'pmem0', '/dev/pmem0', 'ndbus0', 'nmem0'],
  ),
);

function text(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed());
}

/**
 * Requests to one route of the document: mostly as it wants them, the rest with something in them that it does not.
 * @param known ids that lead somewhere
 */
export function requestsTo(
  path: string,
  method: string,
  operation: Operation,
  options: { readonly credentials: readonly (string | null)[]; readonly known: readonly string[] },
): fc.Arbitrary<FuzzedRequest> {
  const { parameters = [], requestBody } = operation;
  const mostly = (schema: Schema) =>
    fc.oneof({ arbitrary: valid(schema), weight: 3 }, { arbitrary: strange, weight: 1 });
  const inPath = fc.record(
    Object.fromEntries(
      parameters
        .filter((each) => each.in === 'path')
        .map(({ name, schema }) => [name, fc.oneof(mostly(schema), fc.constantFrom(...options.known))]),
    ),
  );
  // a cursor cannot be guessed, and a wrong one ends all else
  const isCursor = (name: string, schema: Schema): boolean => name === 'after' && schema.pattern === undefined;
  const inQuery = fc.record(
    Object.fromEntries(
      parameters
        .filter((each) => each.in === 'query')
        .map(({ name, schema }) => [
          name,
          fc.oneof(
            { arbitrary: fc.constant(undefined), weight: isCursor(name, schema) ? 9 : 1 },
            { arbitrary: mostly(schema), weight: 1 },
          ),
        ]),
    ),
  );
  const surplus = fc.oneof(
    { arbitrary: fc.constant({}), weight: 9 },
    { arbitrary: fc.dictionary(fc.string({ maxLength: 20 }), strange, { maxKeys: 3 }), weight: 1 },
  );
  const { schema, example = {} } = requestBody?.content['application/json'] ?? {};
  const body: fc.Arbitrary<string | null> =
    schema === undefined
      ? fc.oneof({ arbitrary: fc.constant(null), weight: 9 }, { arbitrary: strange, weight: 1 })
      : fc.oneof(
          { arbitrary: fc.constant(null), weight: 1 },
          { arbitrary: fc.constant(JSON.stringify(example)), weight: 2 },
          { arbitrary: valid(schema).map((value) => JSON.stringify(value)), weight: 4 },
          { arbitrary: fc.json(), weight: 2 },
          { arbitrary: strange, weight: 1 },
          {
            arbitrary: fc.tuple(valid(schema), surplus).map(([a, b]) => JSON.stringify({ ...(a as object), ...b })),
            weight: 1,
          },
        );
  const type = fc.oneof(
    { arbitrary: fc.constant('application/json'), weight: 9 },
    { arbitrary: fc.constantFrom('text/plain', 'application/xml', 'application/json; charset=utf-7', '*'), weight: 1 },
  );
  const headers = fc.oneof(
    { arbitrary: fc.constant({}), weight: 4 },
    {
      arbitrary: fc.constantFrom<Readonly<Record<string, string>>>(
        ...[{ 'if-none-match': '*' }, { 'if-none-match': 'W/"a", "b' }, { 'accept-encoding': 'gzip' }],
        ...[{ 'accept-encoding': 'gzip;q=x,;,*;q=1e9' }, { origin: 'https://evil.example' }, { range: 'bytes=0-1' }],
      ),
      weight: 1,
    },
  );
  return fc
    .record({ inPath, inQuery, surplus, body, type, headers, credentials: fc.constantFrom(...options.credentials) })
    .map((made) => {
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => text(made.inPath[name]));
      const query = Object.entries({ ...made.inQuery, ...made.surplus })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${text(name)}=${text(value)}`);
      const sent = method === 'GET' ? null : made.body;
      return {
        operation: `${method} ${path}`,
        method,
        target: query.length === 0 ? filled : `${filled}?${query.join('&')}`,
        credentials: made.credentials,
        contentType: sent === null ? null : made.type,
        body: sent,
        headers: made.headers,
      };
    });
}
