import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');
const sources = globSync('src/**/*.ts', { cwd: root }).sort();

interface Import {
  readonly from: string;
  /** path below the checkout for our own files, else the package or `node:` name */
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?[^;'"]*?from\s+['"]([^'"]+)['"]/gm)) {
    found.push({ from: file, to: resolveTo(file, match[2] as string), typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/(?:^|[^.\w])import\(\s*['"]([^'"]+)['"]/gm)) {
    found.push({ from: file, to: resolveTo(file, match[1] as string), typeOnly: false });
  }
  for (const match of text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm)) {
    found.push({ from: file, to: resolveTo(file, match[1] as string), typeOnly: false });
  }
  return found;
}
function resolveTo(file: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
}

const imports = sources.flatMap(importsOf);
const stages = ['discover', 'observe', 'diff', 'resolve', 'record', 'scrub', 'notify'];
/** Who may import what, besides their own folder; a row per folder or file, the most specific first (house rules). */
const allowed: readonly { from: RegExp; own?: RegExp; may: readonly RegExp[] }[] = [
  { from: /^src\/model\//, may: [/^src\/model\//] },
  { from: /^src\/ports\.ts$/, may: [/^src\/model\//] },
  {
    from: /^src\/config\/(client|describe|load|secrets|web-file)\.ts$/,
    may: [/^src\/(model|config)\//, /^node:/, /^typebox/, /^yaml$/],
  },
  { from: /^src\/config\//, may: [/^src\/(model|config)\//, /^typebox/, /^yaml$/, /^croner$/] },
  ...stages.map((stage) => ({
    from: new RegExp(`^src/${stage}/`),
    may: [new RegExp(`^src/${stage}/`), /^src\/model\//, /^src\/ports\.ts$/, /^node:crypto$/],
  })),
  {
    from: /^src\/export\/metrics\/prometheus\.ts$/,
    may: [/^src\/(export|model)\//, /^src\/ports\.ts$/, /^prom-client$/],
  },
  // the scripts that a browser gets are files of their own
  { from: /^src\/export\/http\/page\/scripts\.ts$/, may: [/^node:fs$/] },
  {
    from: /^src\/export\/http\//,
    may: [
      /^src\/(export|model)\//,
      /^src\/ports\.ts$/,
      /^node:(crypto|http|https|net|stream|tls|zlib)$/,
      /^fastify$/,
      /^@fastify\//,
      /^typebox/,
    ],
  },
  { from: /^src\/export\//, may: [/^src\/(export|model)\//, /^src\/ports\.ts$/, /^node:crypto$/] },
  {
    from: /^src\/linux\//,
    may: [/^src\/(linux|model)\//, /^src\/ports\.ts$/, /^node:/, /^chokidar$/, /^systeminformation$/, /^koffi$/],
  },
  {
    from: /^src\/probe\.ts$/,
    may: [/^src\/(linux|model|resolve|discover)\//, /^src\/ports\.ts$/, /^src\/observe\/badblocks\.ts$/, /^node:/],
  },
  {
    from: /^src\/lane\.ts$/,
    may: [/^src\/linux\/filesystem-io\.ts$/, /^src\/resolve\/fs\/lane-work\.ts$/, /^node:worker_threads$/],
  },
  {
    from: /^src\/password\.ts$/,
    may: [/^src\/linux\/passwords\.ts$/, /^node:worker_threads$/, /^bcryptjs$/],
  },
  {
    from: /^src\/(cycle|loop)\.ts$/,
    may: [
      /^src\/model\//,
      /^src\/ports\.ts$/,
      /^src\/(discover\/discover|observe\/observe|diff\/diff|record\/(record|store-incident|receiver-incidents|reminders|operator|scrubs|scrub-incidents)|resolve\/queue)\.ts$/,
    ],
  },
  {
    from: /^src\/app\.ts$/,
    may: [
      /^src\/(model|config|discover|observe|diff|resolve|record|notify|export)\//,
      /^src\/(app-platform|ports|cycle|loop|closers|first-look|hinting|listening|reloading|scrubbing|serving|stages|telling)\.ts$/,
    ],
  },
  {
    from: /^src\/(cli|demo)\//,
    may: [
      /^src\/(cli|demo|model|config|discover|observe|resolve)\//,
      /^src\/(ports|app)\.ts$/,
      /^node:/,
      /^(eventsource-parser|nanotar|string-width)$/,
    ],
  },
  { from: /^src\/hinting\.ts$/, may: [/^src\/model\//, /^src\/ports\.ts$/, /^src\/observe\/watch-targets\.ts$/] },
  {
    from: /^src\/app-platform\.ts$/,
    may: [/^src\/(model|config)\//, /^src\/ports\.ts$/, /^src\/record\/open-state\.ts$/],
  },
  {
    from: /^src\/first-look\.ts$/,
    may: [/^src\/(app-platform|ports)\.ts$/, /^src\/(discover\/inventory|observe\/observe)\.ts$/],
  },
  {
    from: /^src\/serving\.ts$/,
    may: [
      /^src\/(model|config|export)\//,
      /^src\/(app-platform|ports|scrubbing|telling)\.ts$/,
      /^src\/(notify\/describe|record\/store)\.ts$/,
    ],
  },
  {
    from: /^src\/stages\.ts$/,
    may: [
      /^src\/(model|config|discover|observe|record|resolve)\//,
      /^src\/(app-platform|cycle|scrubbing|telling)\.ts$/,
    ],
  },
  { from: /^src\/reloading\.ts$/, may: [/^src\/(config|export)\//, /^src\/ports\.ts$/] },
  {
    from: /^src\/telling\.ts$/,
    may: [/^src\/(model|config|notify)\//, /^src\/(listening|ports)\.ts$/, /^src\/record\/deliveries\.ts$/],
  },
  {
    from: /^src\/scrubbing\.ts$/,
    may: [/^src\/(model|config|observe|record|scrub)\//, /^src\/ports\.ts$/],
  },
  { from: /^src\/(closers|listening)\.ts$/, may: [/^src\/(model|config|export)\//, /^src\/ports\.ts$/] },
  { from: /^src\/pretty-log\.ts$/, may: [/^pino-pretty$/, /^node:/] },
  {
    from: /^src\/main\.ts$/,
    may: [
      /^src\/cli\//,
      /^src\/config\/load\.ts$/,
      /^src\/linux\//,
      /^src\/(app|pretty-log)\.ts$/,
      /^src\/(model|demo)\//,
      /^src\/ports\.ts$/,
      /^node:/,
      /^pino/,
    ],
  },
];

test('every import goes in the allowed direction', () => {
  assert.ok(imports.length > 50, 'the reader of import lines found almost nothing: it is broken');
  const wrong = imports.filter(({ from, to }) => {
    const rule = allowed.find((row) => row.from.test(from));
    return rule === undefined || !rule.may.some((pattern) => pattern.test(to));
  });
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} -> ${to}`),
    [],
  );
});

test('a stage takes only types from ports', () => {
  const values = imports.filter((i) => i.to === 'src/ports.ts' && !i.typeOnly);
  assert.deepEqual(
    values.filter((i) => stages.some((stage) => i.from.startsWith(`src/${stage}/`))).map((i) => i.from),
    [],
  );
});

test('each third-party package is imported in one folder only', () => {
  const folders = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (to.startsWith('src/') || to.startsWith('node:')) continue;
    const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] as string);
    folders.set(name, (folders.get(name) ?? new Set()).add(dirname(from)));
  }
  // TypeBox is the named exception: one schema language for configuration and HTTP
  folders.delete('typebox');
  for (const [name, where] of folders) assert.equal(where.size, 1, `${name} is imported in ${[...where].join(', ')}`);
});

test('koffi is met by one file, and never by the process that listens', () => {
  assert.deepEqual([...new Set(imports.filter((i) => i.to === 'koffi').map((i) => i.from))], ['src/linux/native.ts']);
  const reachable = new Set<string>();
  const visit = (file: string): void => {
    if (reachable.has(file)) return;
    reachable.add(file);
    for (const i of imports) if (i.from === file && !i.typeOnly && i.to.startsWith('src/')) visit(i.to);
  };
  visit('src/main.ts');
  assert.ok(!reachable.has('src/linux/native.ts'), 'src/main.ts reaches koffi');
});

test('process.exit and process.env are used only where the house allows it', () => {
  for (const file of sources) {
    const text = readFileSync(join(root, file), 'utf8');
    if (/process\.exit\(/.test(text)) assert.match(file, /^src\/(main|probe)\.ts$/, `${file} ends the process`);
    if (/process\.env/.test(text))
      assert.match(file, /^src\/(config\/load|main)\.ts$|^src\/linux\/|^src\/demo\//, `${file} reads the environment`);
  }
});

test('sectors are turned into bytes in model/units.ts only', () => {
  for (const file of sources.filter((f) => f !== 'src/model/units.ts')) {
    const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    // 512 KiB is a size like any other
    const own = /[*/]\s*512\b(?!\s*\*\s*1024)|\b512\s*\*(?!\s*1024\b)|<<\s*9\b|>>>?\s*9\b/.exec(code);
    assert.equal(own, null, `${file} does sector arithmetic of its own: ${own?.[0]}`);
  }
});

test('no file has a name that says nothing', () => {
  for (const file of sources)
    assert.doesNotMatch(file, /\/(index|utils?|helpers?|types|common|misc|.*(?<!\/alert)manager|.*service)\.ts$/);
});

/**
 * A registry uses everything of its folder, and of the folders in it, that is declared as one of its kind: a forgotten
 * line fails here by name. docs/adding.md names each of them.
 */
const registries: readonly { registry: string; contract: RegExp; except: readonly string[] }[] = [
  { registry: 'src/resolve/stack/layers.ts', contract: constOf('StackLayer'), except: [] },
  { registry: 'src/resolve/stack/dm/dm.ts', contract: constOf('DmTargetLayer<'), except: [] },
  {
    registry: 'src/resolve/stack/raid/raid.ts',
    contract: /^export function (\w+)\([^{]*\): RaidGeometry\b/gm,
    // what several levels share
    except: ['chunkedGeometry'],
  },
  // asked where no other resolver is responsible
  { registry: 'src/resolve/fs/resolvers.ts', contract: constOf('FilesystemResolver'), except: ['walk'] },
  { registry: 'src/observe/health/families.ts', contract: constOf('DsmFamily'), except: [] },
  { registry: 'src/notify/notifiers.ts', contract: constOf('Notifier'), except: [] },
  { registry: 'src/export/metrics/metrics.ts', contract: constOf('MetricGroup'), except: [] },
  { registry: 'src/export/http/routes.ts', contract: constOf('HttpRoute'), except: [] },
  { registry: 'src/cli/commands.ts', contract: constOf('Command'), except: [] },
];
function constOf(type: string): RegExp {
  return new RegExp(`^export const (\\w+): ${type}${type.endsWith('<') ? '' : ' '}`, 'gm');
}
for (const { registry, contract, except } of registries) {
  test(`${registry} uses what its folder holds`, () => {
    // to be imported, or named in a comment, does nothing
    const used = readFileSync(join(root, registry), 'utf8').replace(/^import [^;]*;$|\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const declared = globSync(`${dirname(registry)}/**/*.ts`, { cwd: root })
      .filter((file) => file !== registry)
      .flatMap((file) => namesIn(file, contract));
    assert.ok(declared.length > 0, `nothing below ${dirname(registry)} is declared as ${contract}`);
    const forgotten = declared.filter(({ name }) => !except.includes(name) && !new RegExp(`\\b${name}\\b`).test(used));
    assert.deepEqual(
      forgotten.map(({ file, name }) => `${file}: ${name} is not in ${registry}`),
      [],
    );
  });
}
function namesIn(file: string, contract: RegExp): { file: string; name: string }[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(contract)].map(([, name = '']) => ({ file, name }));
}

test('every registry that docs/adding.md names is held against its folder', () => {
  const rows = readFileSync(join(root, 'docs/adding.md'), 'utf8').split('\n');
  const named = rows.flatMap((row) => /^\| [^|]*\| [^|]*\| `([\w/-]+\.ts)`/.exec(row)?.[1] ?? []);
  assert.ok(named.length > 5, 'the reader of the table found almost nothing: it is broken');
  for (const each of named) {
    assert.ok(
      registries.some(({ registry }) => registry.endsWith(`/${each}`)),
      `nothing checks ${each}`,
    );
  }
});
