import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { command } from '../vm/lab/command.ts';
import { answersAsInstalled } from './answers.ts';
import { built, cleanTree, filesOf, inTree, versions } from './lab.ts';

test('an .rpm in a clean tree without systemd: installed, upgraded, erased', async (t: TestContext) => {
  const root = cleanTree(t);
  const before = new Set(filesOf(root));
  const state = join(root, 'var/lib/pmemwatch/state.db');
  const config = join(root, 'etc/pmemwatch/pmemwatch.yml');
  // what it needs is in the tree as .deb: rpm's own list of it is empty
  const rpm = (...words: string[]): string => command('rpm', ['--root', root, '--dbpath', '/var/lib/rpm', ...words]);
  const added = (): string[] => filesOf(root).filter((file) => !before.has(file));

  await t.test('it asks for no more of the C and C++ libraries than enterprise distributions of 2018 on have', () => {
    const needs = command('rpm', ['-qp', '--requires', built('first', '*.rpm')]);
    const [, glibc = ''] = /libc\.so\.6\(GLIBC_2\.(\d+)\)\(64bit\)/.exec(needs) ?? [];
    const [, glibcxx = ''] = /libstdc\+\+\.so\.6\(GLIBCXX_3\.4\.(\d+)\)\(64bit\)/.exec(needs) ?? [];
    // RHEL 8 has glibc 2.28 and the libstdc++ of gcc 8
    assert.ok(Number(glibc) > 0 && Number(glibc) <= 28, needs);
    assert.ok(Number(glibcxx) > 0 && Number(glibcxx) <= 25, needs);
  });

  await t.test('installed, and rpm knows all files as they are', () => {
    rpm('-i', '--nodeps', built('first', '*.rpm'));
    assert.equal(rpm('--verify', '--nodeps', 'pmemwatch'), '');
    const modes = rpm(
      '-q',
      '--queryformat',
      '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\\n]',
      'pmemwatch',
    );
    const odd = modes.split('\n').filter((line) => line !== '' && !/^(?:drwxr-xr-x|-rw-r--r--) root root /.test(line));
    assert.deepEqual(odd, [
      '-rwxr-xr-x root root /usr/bin/pmemwatch',
      '-rwxr-xr-x root root /usr/lib/pmemwatch/bin/node',
    ]);
    assert.match(inTree(root, 'getent', 'passwd', 'pmemwatch').stdout, /:\/sbin\/nologin$/m);
  });

  await t.test('the agent runs there, without any Node.js of the system', (inner) =>
    answersAsInstalled(inner, root, versions.first),
  );

  await t.test('an upgrade keeps the state and a configuration that was changed', () => {
    assert.ok(statSync(state).size > 0, 'the agent left a state');
    const stateBefore = readFileSync(state);
    appendFileSync(config, '# changed here\n');
    const configBefore = readFileSync(config, 'utf8');
    rpm('-U', '--nodeps', built('next', '*.rpm'));
    assert.equal(inTree(root, 'pmemwatch', '--version').stdout, `pmemwatch ${versions.next}\n`);
    assert.ok(readFileSync(state).equals(stateBefore));
    assert.equal(readFileSync(config, 'utf8'), configBefore);
    assert.ok(!existsSync(`${config}.rpmnew`));
  });

  await t.test('erased, the state stays, and the configuration under the name that rpm gives what was changed', () => {
    rpm('-e', 'pmemwatch');
    assert.deepEqual(added(), [
      ...['etc/pmemwatch', 'etc/pmemwatch/pmemwatch.yml.rpmsave'],
      ...['var/lib/pmemwatch', 'var/lib/pmemwatch/state.db'],
    ]);
  });
});
