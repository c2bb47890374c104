/** deploy/man/pmemwatch.yml.5, made from the schema as docs/config.md is. */
import { type TSchema, Type } from 'typebox';
import { notesOf } from './fields.ts';
import { configSchema } from './keys.ts';
import { example, rowsOf } from './reference.ts';
import { bold, roffText, section, tagged, title, verbatim } from './roff.ts';

export function configManual(): string {
  const properties = Object.entries(configSchema.properties) as [string, TSchema][];
  return [
    '.\\" Made from src/config by "npm run golden". Do not edit.',
    title('pmemwatch.yml', 5, 'File Formats'),
    section('NAME', 'pmemwatch.yml \\- configuration of pmemwatch'),
    section('SYNOPSIS', '.I /etc/pmemwatch/pmemwatch.yml'),
    section(
      'DESCRIPTION',
      roffText(
        'YAML. pmemwatch runs without any configuration. Flags win over environment variables, those over the file, the file over the defaults. Mistakes are reported all together with line and column ("pmemwatch config check FILE"); unknown keys are refused. Durations are written as 90s, 1h30m, 1d (units ms, s, m, h, d, w, y). SIGHUP reads the file again; a file with mistakes changes nothing.',
      ),
    ),
    ...properties.map(([key, schema]) =>
      section(
        key.toUpperCase(),
        roffText(plain(notesOf(schema).description ?? '')),
        tagged(
          rowsOf(schema, Type.IsObject(schema) ? '' : key).map((row) => keyRow(row, Type.IsObject(schema) ? key : '')),
        ),
      ),
    ),
    section('EXAMPLES', verbatim(example.split('\n'))),
    section('SEE ALSO', `${bold('pmemwatch')}(1)`),
  ]
    .join('\n')
    .concat('\n');
}

/** @param cells as a row of docs/config.md: key, default, what is allowed, meaning */
function keyRow(
  [key = '', value = '', allowed = '', meaning = '']: readonly string[],
  above: string,
): readonly [string, string] {
  const name = plain(key);
  const whole = above === '' ? name : `${above}.${name}`;
  const facts = [
    allowed === '' ? '' : `It is ${plain(allowed)}.`,
    value === '' ? '' : value === 'required' ? 'Required.' : `Default: ${plain(value)}.`,
  ];
  return [bold(whole), [plain(meaning), ...facts].filter((part) => part !== '').join(' ')];
}
/** Without the marks of Markdown. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
