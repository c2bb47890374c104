import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { command } from '../vm/lab/command.ts';
import { answersAsInstalled } from './answers.ts';
import { built, cleanTree, filesOf, inTree, versions } from './lab.ts';

function dpkg(root: string, ...words: string[]): string {
  const { code, stdout, stderr } = inTree(root, 'dpkg', ...words);
  assert.equal(code, 0, `dpkg ${words.join(' ')}: ${stdout}${stderr}`);
  // what a maintainer script says of its own is a complaint
  assert.equal(stderr, '');
  return stdout;
}
function install(root: string, which: 'first' | 'next'): void {
  command('cp', [built(which, '*.deb'), join(root, 'tmp/pmemwatch.deb')]);
  dpkg(root, '--install', '/tmp/pmemwatch.deb');
}

test('a .deb in a clean Debian without systemd: installed, upgraded, removed, purged', async (t: TestContext) => {
  const root = cleanTree(t);
  const before = filesOf(root);
  const state = join(root, 'var/lib/pmemwatch/state.db');
  const config = join(root, 'etc/pmemwatch/pmemwatch.yml');

  await t.test('every dependency is there already, and dpkg knows all files as they are', () => {
    install(root, 'first');
    assert.equal(dpkg(root, '--verify', 'pmemwatch'), '');
    assert.match(inTree(root, 'getent', 'passwd', 'pmemwatch').stdout, /:\/var\/lib\/pmemwatch:\/usr\/sbin\/nologin$/m);
  });

  await t.test("all is root's, nothing is writable for others, only two files are programs", () => {
    const listing = command('dpkg-deb', ['-c', built('first', '*.deb')])
      .trim()
      .split('\n');
    const odd = listing.filter((line) => !/^(?:drwxr-xr-x|-rw-r--r--) root\/root /.test(line));
    assert.deepEqual(
      odd.map((line) => line.replace(/\s.* /, ' ')),
      ['-rwxr-xr-x ./usr/bin/pmemwatch', '-rwxr-xr-x ./usr/lib/pmemwatch/bin/node'],
    );
  });

  await t.test('the units are enabled, but the optional one', () => {
    const wanted = join(root, 'etc/systemd/system');
    assert.ok(filesOf(wanted).includes('multi-user.target.wants/pmemwatch.service'));
    assert.ok(filesOf(wanted).includes('sockets.target.wants/pmemwatch-probe.socket'));
    assert.ok(!filesOf(wanted).some((file) => file.endsWith('/pmemwatch.socket')));
  });

  await t.test('the agent runs there, without any Node.js of the system', (inner) =>
    answersAsInstalled(inner, root, versions.first),
  );

  await t.test('an upgrade keeps the state and a configuration that was changed', () => {
    assert.ok(statSync(state).size > 0, 'the agent left a state');
    const stateBefore = readFileSync(state);
    appendFileSync(config, '# changed here\n');
    const configBefore = readFileSync(config, 'utf8');
    install(root, 'next');
    assert.equal(inTree(root, 'pmemwatch', '--version').stdout, `pmemwatch ${versions.next}\n`);
    assert.ok(readFileSync(state).equals(stateBefore));
    assert.equal(readFileSync(config, 'utf8'), configBefore);
    assert.ok(!existsSync(`${config}.dpkg-dist`));
  });

  await t.test('a unit that was disabled by hand stays disabled', () => {
    const link = join(root, 'etc/systemd/system/multi-user.target.wants/pmemwatch.service');
    assert.ok(lstatSync(link).isSymbolicLink());
    rmSync(link);
    install(root, 'next');
    assert.throws(() => lstatSync(link), /ENOENT/);
  });

  await t.test('configuring twice changes nothing', () => {
    const files = filesOf(root);
    assert.equal(inTree(root, '/var/lib/dpkg/info/pmemwatch.postinst', 'configure', versions.next).code, 0);
    assert.deepEqual(filesOf(root), files);
  });

  await t.test('removed, configuration and state stay, and nothing else', () => {
    dpkg(root, '--remove', 'pmemwatch');
    const left = added(before, root);
    assert.deepEqual(
      left.filter((file) => !file.startsWith('etc/systemd/')),
      [
        ...['etc/pmemwatch', 'etc/pmemwatch/environment', 'etc/pmemwatch/pmemwatch.yml', 'tmp/pmemwatch.deb'],
        ...['var/lib/pmemwatch', 'var/lib/pmemwatch/state.db'],
      ],
    );
    assert.match(readFileSync(config, 'utf8'), /# changed here/);
  });

  await t.test('installed again it goes on with that state', () => {
    const stateBefore = readFileSync(state);
    install(root, 'next');
    assert.ok(readFileSync(state).equals(stateBefore));
    assert.match(readFileSync(config, 'utf8'), /# changed here/);
  });

  await t.test('purged, nothing is left', () => {
    mkdirSync(join(root, 'etc/pmemwatch/secrets'));
    writeFileSync(join(root, 'etc/pmemwatch/secrets/webhook'), 'whsec_x');
    dpkg(root, '--purge', 'pmemwatch');
    assert.deepEqual(added(before, root), ['tmp/pmemwatch.deb']);
    // its number is given to nobody else
    assert.equal(inTree(root, 'getent', 'passwd', 'pmemwatch').code, 0);
  });
});

/** What is there now and was not. */
function added(before: readonly string[], root: string): string[] {
  const known = new Set(before);
  return filesOf(root).filter((file) => !known.has(file));
}
