/** docs/api.md, made from the OpenAPI document, so that it cannot say anything else than what is served. */

/** What of JSON Schema the routes use. */
interface Schema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}
type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly (Schema & { readonly name: string; readonly in: string; readonly schema: Schema })[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
export interface ApiDocument {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export function renderApiReference({ info, tags, paths }: ApiDocument): string {
  const objects = new Map<string, Schema>();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ where: `${method.toUpperCase()} ${path}`, operation })),
  );
  const sections = tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === name);
    const told = own.map(({ where, operation }) => operationText(where, operation, objects));
    return `## ${description}\n\n${told.join('\n')}`;
  });
  // what these hold is found while they are told
  const shown: string[] = [];
  for (const [name, schema] of objects) shown.push(`### ${name}\n\n${fieldTable(schema, objects)}`);
  return `${introduction}\n${info.description}\n\n${sections.join('\n')}\n## Objects\n\n${shown.join('\n')}`;
}

const introduction = `# HTTP API

<!-- Made from the schemas of src/export/http by \`npm run golden\`; a test fails when it is not current. Do not edit. -->

\`GET /openapi.json\` is the same as an OpenAPI 3.1 document, \`GET /docs\` a page to try it. Who may ask what, and every limit, is in
[access.md](access.md). Errors are problem documents (RFC 9457), whatever a route answers else; \`detail\` says what to do.

    curl --unix-socket /run/pmemwatch/api.sock http://localhost/api/v1/badblocks
    curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:9915/api/v1/files
`;

function operationText(where: string, operation: Operation, objects: Map<string, Schema>): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const parts = [
    `### ${where}`,
    `\`${operationId}\`: ${summary}.${description === undefined ? '' : ` ${description}`}`,
  ];
  if (parameters.length > 0) {
    const rows = parameters.map(({ name, in: place, schema, description: meaning }) =>
      row(
        `\`${name}\` (${place})`,
        typeOf(schema, objects),
        noteOf({ ...schema, ...(meaning !== undefined && { description: meaning }) }),
      ),
    );
    parts.push(table('Parameter', rows));
  }
  const body = requestBody?.content['application/json'];
  if (body !== undefined) {
    parts.push(`Body:\n\n${fieldTable(body.schema, objects)}`.trimEnd());
    if (body.example !== undefined) parts.push(`    ${JSON.stringify(body.example)}`);
  }
  if (responses['304'] !== undefined) parts.push('304 for `If-None-Match` with the `ETag` of what there is.');
  for (const [status, { content = {} }] of Object.entries(responses)) {
    const [[type, answer] = []] = Object.entries(content);
    if (type === undefined || answer === undefined || !status.startsWith('2')) continue;
    const fields = answer.schema.properties === undefined ? '' : `\n\n${bodyText(answer.schema, objects)}`.trimEnd();
    parts.push(`${status}, \`${Object.keys(content).join('`, `')}\`${fields}`);
  }
  return `${parts.join('\n\n')}\n`;
}

function bodyText(schema: Schema, objects: Map<string, Schema>): string {
  return schema.title === undefined ? fieldTable(schema, objects) : `${nameOf(schema, schema.title, objects)}\n`;
}
function fieldTable(schema: Schema, objects: Map<string, Schema>): string {
  return `${table('Field', fieldRows('', schema, objects))}\n`;
}
/** Fields of objects without a name stand where they are used. */
function fieldRows(before: string, { properties = {}, required = [] }: Schema, objects: Map<string, Schema>): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const field = `${before}${name}`;
    const optional = required.includes(name) ? '' : '?';
    const own = row(`\`${field}${optional}\``, typeOf(schema, objects), noteOf(schema));
    const { inner, suffix } = innerOf(schema);
    if (inner === undefined || inner.title !== undefined) return [own];
    return [own, ...fieldRows(`${field}${suffix}.`, inner, objects)];
  });
}
/** The object that a field is, or that its list holds. */
function innerOf(schema: Schema): { inner?: Schema; suffix: string } {
  if (schema.properties !== undefined) return { inner: schema, suffix: '' };
  if (schema.items !== undefined) return { ...innerOf(schema.items), suffix: '[]' };
  const object = schema.anyOf?.find(({ properties }) => properties !== undefined);
  return object === undefined ? { suffix: '' } : { inner: object, suffix: '' };
}

function typeOf(schema: Schema, objects: Map<string, Schema>): string {
  if (schema.title !== undefined) return nameOf(schema, schema.title, objects);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => typeOf(each, objects)).join(' or ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items, objects)}`;
  return schema.type ?? 'anything';
}
function nameOf(schema: Schema, name: string, objects: Map<string, Schema>): string {
  objects.set(name, objects.get(name) ?? schema);
  return `[${name}](#${name.toLowerCase()})`;
}
/** What it says, and its bounds. */
function noteOf(schema: Schema): string {
  const { minimum, maximum, maxItems, default: usual } = schema;
  const said = schema.description ?? schema.anyOf?.find(({ description }) => description !== undefined)?.description;
  const notes = [
    said,
    maximum === undefined ? undefined : `${minimum ?? 0} to ${maximum}`,
    maxItems === undefined ? undefined : `at most ${maxItems}`,
    usual === undefined ? undefined : `default \`${usual}\``,
  ];
  return notes.filter((note) => note !== undefined).join('; ');
}
function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
function table(first: string, rows: readonly string[]): string {
  return `| ${first} | Type | Meaning |\n| --- | --- | --- |\n${rows.join('\n')}`;
}
