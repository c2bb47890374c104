import { type TSchema, Type } from 'typebox';
import { type FieldNotes, notesOf } from './fields.ts';
import { agentFlags, environmentKeys, environmentName } from './flags.ts';
import { configSchema } from './keys.ts';

/** docs/config.md, made from the schema, so that it cannot say anything else than what is checked. */
export function renderConfigReference(): string {
  const properties = Object.entries(configSchema.properties) as [string, TSchema][];
  const sections = properties.map(([key, schema]) => renderSection(key, schema));
  return `${[introduction, flagsSection(), exampleSection, ...sections, environmentSection()].join('\n\n')}\n`;
}

const introduction = `# Configuration

<!-- Made from src/config by \`npm run golden\`; a test fails when it is not current. Do not edit. -->

pmemwatch runs without any configuration. Flags win over environment variables, those over the file, the file over the
defaults. Mistakes are reported all together with line and column (\`pmemwatch config check FILE\`); unknown keys are
refused, and so are keys of features that this version does not have. Durations are written as Prometheus writes them:
\`90s\`, \`1h30m\`, \`1d\` (units ms, s, m, h, d, w, y). \`SIGHUP\` and \`POST /-/reload\` read the file again; a file with
mistakes changes nothing.`;

/** As it may stand in a file. */
export const example = `poll:
  bad_blocks: 30s
notify:
  group_wait: 0s
receivers:
  - name: oncall
    type: webhook
    url: https://oncall.example.org/hooks/pmem
    secret_file: /etc/pmemwatch/oncall.secret
    severities: [critical, warning]
metrics:
  paths: hash`;

const exampleSection = `## Example\n\n\`\`\`yaml\n${example}\n\`\`\``;

function flagsSection(): string {
  const rows = agentFlags.map((flag) => [
    `\`--${flag.name} ${flag.value}\`${flag.repeatable === true ? ' (repeatable)' : ''}`,
    `\`${environmentName(flag.name)}\`${flag.repeatable === true ? ' (with commas)' : ''}`,
    flag.default === '' ? '–' : `\`${flag.default}\``,
    flag.help,
  ]);
  return `## Flags of \`pmemwatch agent\`\n\n${table(['Flag', 'Environment', 'Default', 'Meaning'], rows)}`;
}

function environmentSection(): string {
  const rows = environmentKeys.map(({ variable, path, list }) => [
    `\`${variable}\``,
    `\`${path.join('.')}\`${list ? ' (with commas)' : ''}`,
  ]);
  return `## Environment variables for keys of the file\n\n${table(['Variable', 'Key'], rows)}
${'\n'}\`NO_COLOR\` (not empty) and \`TERM=dumb\` switch colours off.`;
}

function renderSection(key: string, schema: TSchema): string {
  const notes = notesOf(schema);
  const heading = `## \`${key}\`\n\n${notes.description ?? ''}`;
  const rows = rowsOf(schema, Type.IsObject(schema) ? '' : key);
  return rows.length === 0 ? heading : `${heading}\n\n${table(['Key', 'Default', 'Allowed', 'Meaning'], rows)}`;
}

/** The keys below a schema: name, default, what is allowed, meaning. */
export function rowsOf(schema: TSchema, name: string): string[][] {
  if (Type.IsObject(schema)) {
    return Object.entries(schema.properties).flatMap(([key, each]) =>
      rowsOf(each, name === '' ? key : `${name}.${key}`),
    );
  }
  if (Type.IsArray(schema) && Type.IsObject(schema.items)) {
    return [row(name, schema, 'a list of mappings'), ...rowsOf(schema.items, `${name}[]`)];
  }
  if (Type.IsArray(schema)) return [row(name, schema, `a list; each ${notesOf(schema.items).expected ?? ''}`)];
  if (Type.IsRecord(schema)) return [row(name, schema, 'a mapping of texts')];
  return [row(name, schema, notesOf(schema).expected ?? '')];
}

function row(name: string, schema: TSchema, allowed: string): string[] {
  const notes = notesOf(schema);
  return [`\`${name}\``, defaultText(schema, notes), allowed, notes.description ?? ''];
}

function defaultText(schema: TSchema, notes: FieldNotes): string {
  if (notes.defaultText !== undefined) return notes.defaultText;
  if (notes.default === undefined) return Type.IsOptional(schema) ? '' : 'required';
  const { default: value } = notes;
  if (Array.isArray(value)) return `\`[${value.join(', ')}]\``;
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
