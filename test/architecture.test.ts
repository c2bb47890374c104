import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
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
    from: /^src\/config\/load\.ts$/,
    may: [/^src\/(model|config)\//, /^node:/, /^typebox/, /^yaml$/],
  },
  { from: /^src\/config\//, may: [/^src\/(model|config)\//, /^typebox/, /^yaml$/] },
  ...stages.map((stage) => ({
    from: new RegExp(`^src/${stage}/`),
    may: [new RegExp(`^src/${stage}/`), /^src\/model\//, /^src\/ports\.ts$/, /^node:crypto$/],
  })),
  {
    from: /^src\/export\/metrics\/prometheus\.ts$/,
    may: [/^src\/(export|model)\//, /^src\/ports\.ts$/, /^prom-client$/],
  },
  {
    from: /^src\/export\/http\//,
    may: [
      /^src\/(export|model)\//,
      /^src\/ports\.ts$/,
      /^node:(crypto|http|net)$/,
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
    from: /^src\/(cycle|loop)\.ts$/,
    may: [
      /^src\/model\//,
      /^src\/ports\.ts$/,
      /^src\/(discover\/discover|observe\/observe|diff\/diff|record\/(record|store-incident|receiver-incidents|operator)|resolve\/queue)\.ts$/,
    ],
  },
  {
    from: /^src\/app\.ts$/,
    may: [
      /^src\/(model|config|discover|observe|diff|resolve|record|notify|export)\//,
      /^src\/(ports|cycle|loop|closers|listening)\.ts$/,
    ],
  },
  {
    from: /^src\/(cli|demo)\//,
    may: [/^src\/(cli|demo|model|config|discover|observe|resolve)\//, /^src\/(ports|app)\.ts$/, /^node:/],
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
    assert.doesNotMatch(file, /\/(index|utils?|helpers?|types|common|misc|.*manager|.*service)\.ts$/);
});

/** A registry names every file of its folder that satisfies the contract: a forgotten line fails here by name. */
const registries: readonly { folder: string; registry: string; except: readonly string[] }[] = [
  { folder: 'src/resolve/stack', registry: 'layers.ts', except: ['layer.ts'] },
  { folder: 'src/observe/health', registry: 'families.ts', except: ['family.ts'] },
  { folder: 'src/notify', registry: 'notifiers.ts', except: [] },
  { folder: 'src/cli', registry: 'commands.ts', except: [] },
];
for (const { folder, registry } of registries) {
  test(`${folder}/${registry} lists what its folder holds`, async () => {
    assert.ok(existsSync(join(root, folder, registry)), `${folder}/${registry} is missing`);
    const listed = new Set(importsOf(`${folder}/${registry}`).map((i) => i.to));
    const marker = /^export const \w+: (StackLayer|DsmFamily|Notifier|NotifierFactory|Command)\b/m;
    for (const file of globSync(`${folder}/*.ts`, { cwd: root })) {
      if (file.endsWith(registry)) continue;
      if (marker.test(readFileSync(join(root, file), 'utf8')))
        assert.ok(listed.has(file), `${file} is not in ${registry}`);
    }
  });
}
