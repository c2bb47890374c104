import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { command } from '../vm/lab/command.ts';
import { built, checkout, filesOf, versions } from './lab.ts';

const kinds = ['*.deb', '*.rpm', '*.tar.xz'] as const;
const most = 50;

test('built twice, at other places and times, each package has the same bytes', (t) => {
  for (const kind of kinds) {
    const [first, again] = [readFileSync(built('first', kind)), readFileSync(built('again', kind))];
    assert.ok(first.equals(again), kind);
    const sum = createHash('sha256').update(first).digest('hex').slice(0, 16);
    t.diagnostic(`${basename(built('first', kind))}: ${(first.length / 2 ** 20).toFixed(1)} MiB, ${sum}`);
    assert.ok(first.length < most * 2 ** 20, `${kind} is larger than ${most} MiB`);
  }
});

test('the tarball runs where it is unpacked, and holds what programs load and nothing for developers', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-tarball-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  command('tar', ['-x', '-f', built('first', '*.tar.xz'), '--strip-components=1', '-C', folder]);
  const program = join(folder, 'usr/bin/pmemwatch');
  assert.equal(command(program, ['--version']), `pmemwatch ${versions.first}\n`);

  const home = join(folder, 'usr/lib/pmemwatch');
  const files = filesOf(home).filter((file) => statSync(join(home, file)).isFile());
  const forDevelopers = files.filter((file) => /\.(?:d\.[cm]?ts|ts|map|md|cc|h|tgz)$|(?:^|\/)\.[^/]*$/.test(file));
  assert.deepEqual(forDevelopers, []);
  const native = files.filter((file) => file.endsWith('.node'));
  assert.deepEqual(native, [`node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`]);

  // every package that the program names can be loaded, with all that it loads itself
  const { dependencies } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const names = Object.keys(dependencies);
  const script = join(home, 'load-all.mjs');
  writeFileSync(script, names.map((name) => `await import(${JSON.stringify(name)});\n`).join(''));
  command(join(home, 'bin/node'), [script]);
  unlinkSync(script);

  const licences = readFileSync(join(folder, 'usr/share/doc/pmemwatch/copyright'), 'utf8');
  for (const name of [...names, `node-linux-${process.arch}`]) {
    assert.match(licences, new RegExp(`^${name} \\d[^ ]* \\([^)]+\\)$`, 'm'), `the licence of ${name} goes along`);
  }
});

test('each unit is one that systemd understands, and at most 3.0 on its scale of exposure', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-units-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  command('tar', ['-x', '-f', built('first', '*.tar.xz'), '--strip-components=1', '-C', folder]);
  for (const unit of ['pmemwatch.service', 'pmemwatch-probe@.service']) {
    const file = join(folder, 'usr/lib/systemd/system', unit);
    const told = command('systemd-analyze', ['security', '--offline=yes', '--no-pager', file]);
    const [, score = ''] = /Overall exposure level for \S+: ([\d.]+)/.exec(told) ?? [];
    t.diagnostic(`${unit}: ${score}`);
    assert.ok(Number(score) > 0 && Number(score) <= 3, told);
  }
});
