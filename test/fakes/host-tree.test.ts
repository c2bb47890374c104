import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHostTree, hostFile, loadHost, materialiseHost, parseHost } from './host-tree.ts';

async function textAt(host: ReturnType<typeof loadHost>, path: string): Promise<string> {
  const file = await host.sysfs.read(path);
  return file.kind === 'ok' ? Buffer.from(file.data).toString('latin1') : file.kind;
}

test('a scenario reads the same from memory and from disk', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-host-'));
  try {
    const { sysfs } = materialiseHost(hostFile('one-bad-sector'), dir);
    const host = loadHost('one-bad-sector');
    for (const [path, node] of parseHost(readFileSync(hostFile('one-bad-sector'), 'utf8'))) {
      if (!path.startsWith('sys/')) continue;
      const below = path.slice('sys/'.length);
      if (node.kind === 'link') assert.equal(readlinkSync(join(sysfs, below)), await host.sysfs.link(below));
      if (node.kind === 'file') assert.equal(readFileSync(join(sysfs, below), 'latin1'), await textAt(host, below));
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('every scenario parses', () => {
  const files = readdirSync(join(hostFile('none'), '..')).filter((name) => name.endsWith('.host'));
  assert.ok(files.length >= 8);
  for (const name of files) assert.ok(loadHost(name.replace(/\.host$/, '')).sysfs, name);
});

test('a path is followed through links in every component', async () => {
  const host = loadHost('one-bad-sector');
  assert.equal(await textAt(host, 'block/pmem0/badblocks'), '2256 1\n');
  assert.equal(await textAt(host, 'bus/nd/devices/pfn0.0/block/pmem0/badblocks'), '2256 1\n');
  assert.equal(await host.sysfs.link('block/pmem0/device'), '../../../pfn0.0');
});

test('values are bytes: escapes, hexadecimal, generated lists and here-documents', async () => {
  const host = createHostTree(
    [
      '@ x',
      'a = b\\x20',
      'b := \\xff\\n',
      'c :=',
      'd x= 00 ff',
      'e *= 3 x 10+5 1 cut 11',
      'f <<',
      'one',
      'two',
      '.',
      'g/',
    ].join('\n'),
  );
  const expected = { a: 'b \n', b: '\xff\n', c: '', d: '\0\xff', e: '10 1\n15 1\n2', f: 'one\ntwo\n' };
  for (const [name, value] of Object.entries(expected)) assert.equal(await textAt(host, `x/${name}`), value, name);
  assert.deepEqual(await host.sysfs.list('x'), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  assert.deepEqual(await host.sysfs.list('x/g'), []);
  assert.equal(await host.sysfs.list('x/h'), undefined);
});

test('a line that follows no rule is refused by its number', () => {
  assert.throws(() => parseHost('@ x\nsize 12\n'), /line 2/);
  assert.throws(() => parseHost('@ x\nsize = 1\nsize = 2\n'), /line 3.*twice/);
  assert.throws(() => parseHost('@ x\nf <<\nnever closed\n'), /line 2.*dot/);
});
