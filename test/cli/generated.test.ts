import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { completionOf } from '../../src/cli/completion/completion.ts';
import { manual } from '../../src/cli/manual.ts';
import { renderCliReference } from '../../src/cli/reference.ts';
import { configManual } from '../../src/config/manual.ts';
import { runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-generated-'));
after(() => rmSync(folder, { recursive: true }));

const generated: readonly [file: string, text: string][] = [
  ['docs/cli.md', renderCliReference(commands)],
  ['deploy/man/pmemwatch.1', manual(commands)],
  ['deploy/man/pmemwatch.yml.5', configManual()],
  ['deploy/completion/pmemwatch.bash', completionOf.bash(commands)],
  ['deploy/completion/_pmemwatch', completionOf.zsh(commands)],
  ['deploy/completion/pmemwatch.fish', completionOf.fish(commands)],
];
for (const [file, text] of generated) {
  test(`${file} says what the commands say (npm run golden writes it)`, () => {
    const path = join(root, file);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    assert.equal(readFileSync(path, 'utf8'), text);
  });
}

test('completion prints the script of a shell, and asks for one that it knows', async () => {
  const { code, stdout } = await runCommand(['completion', 'bash']);
  assert.deepEqual([code, stdout], [0, completionOf.bash(commands)]);
  assert.match((await runCommand(['completion', 'csh'])).stderr, /it takes one of bash, fish, zsh/);
});

const lacks = (program: string): string | false =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? false : `${program} is not installed`;
function shell(program: string, script: string): string {
  const { stdout, stderr } = spawnSync(
    program,
    [...(program === 'bash' ? ['--norc'] : program === 'zsh' ? ['-f'] : ['--no-config']), '-c', script],
    {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'dumb' },
    },
  );
  assert.equal(stderr, '');
  return stdout;
}

/** What is typed, the last word unfinished, and what is offered for it. */
const typed: readonly [line: string, offered: readonly string[]][] = [
  ['pmemwatch inc', ['incidents']],
  ['pmemwatch config ', ['check']],
  ['pmemwatch receivers ', ['test']],
  ['pmemwatch incidents --al', ['--all']],
  ['pmemwatch deliveries --status de', ['delivered', 'dead']],
  ['pmemwatch agent --log.format ', ['json', 'pretty']],
  ['pmemwatch check --path.sysfs fol', ['folder']],
  ['pmemwatch check fi', ['file with blanks']],
  ['pmemwatch completion z', ['zsh']],
  ['pmemwatch help config ', ['check']],
];
mkdirSync(join(folder, 'folder'));
writeFileSync(join(folder, 'file with blanks'), '');
const sorted = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

test('bash offers commands, options, values and files', { skip: lacks('bash') }, () => {
  for (const [line, offered] of typed) {
    const words = line.split(' ').map((word) => `'${word}'`);
    const script = `compopt() { :; }; source '${join(root, 'deploy/completion/pmemwatch.bash')}'; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _pmemwatch; printf '%s\\n' "\${COMPREPLY[@]}"`;
    assert.deepEqual(sorted(shell('bash', script)), [...offered].sort(), line);
  }
});

test('bash offers values after an equals sign as well', { skip: lacks('bash') }, () => {
  const script = `source '${join(root, 'deploy/completion/pmemwatch.bash')}'; COMP_WORDS=(pmemwatch deliveries --status = de); COMP_CWORD=4; _pmemwatch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  assert.deepEqual(sorted(shell('bash', script)), ['dead', 'delivered']);
});

test('fish offers commands, options, values and files', { skip: lacks('fish') }, () => {
  for (const [line, offered] of typed) {
    const script = `source '${join(root, 'deploy/completion/pmemwatch.fish')}'; complete -C '${line}'`;
    const found = sorted(shell('fish', script)).map((each) =>
      each.replace(/\t.*$/, '').replace(/\/$/, '').replaceAll('\\ ', ' '),
    );
    for (const word of offered) assert.ok(found.includes(word), `${line}: ${word} is not among ${found.join(', ')}`);
  }
});

test('zsh offers commands, options, values and files', { skip: lacks('zsh') }, () => {
  for (const [line, offered] of typed) {
    // what a terminal shows has no end: on a machine with other work it is waited for longer
    let shown = '';
    for (const seconds of [0.4, 2, 8]) {
      shown = zshOffers(line, seconds);
      if (offered.every((word) => shown.includes(word))) break;
    }
    for (const word of offered)
      assert.ok(shown.includes(word), `${line}: ${word} is not offered in ${JSON.stringify(shown)}`);
  }
});
/** Types a line in an interactive zsh, on a terminal of its own, and lists what it offers. */
function zshOffers(line: string, seconds: number): string {
  const rc = `autoload -Uz compinit; compinit -u -D; source '${join(root, 'deploy/completion/_pmemwatch')}'; zstyle ':completion:*' list-separator '--'; LISTMAX=1000; unsetopt auto_menu menu_complete; bindkey '^I' complete-word; bindkey '^L' list-choices; PROMPT='> '`;
  const script = `zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z ${quoted(rc)}; zpty -w z 'print ready''-now'; local out; while zpty -r z out; do [[ $out == *ready-now* ]] && break; done; zpty -w -n z ${quoted(line)}$'\\C-D'; sleep ${seconds}; zpty -w -n z $'\\t'; sleep ${seconds / 2}; while zpty -rt z out; do print -rn -- $out; done; zpty -d z`;
  const { stdout } = spawnSync('zsh', ['-f', '-c', script], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'dumb', COLUMNS: '200', LINES: '100' },
    timeout: 40_000,
  });
  return stdout.replaceAll('\\ ', ' ');
}
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

for (const file of ['pmemwatch.1', 'pmemwatch.yml.5']) {
  const path = join(root, 'deploy/man', file);
  test(`${file} is a page that groff and mandoc take without a warning`, { skip: lacks('groff') }, () => {
    const formatted = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z', path], { encoding: 'utf8' });
    assert.deepEqual([formatted.status, formatted.stderr], [0, '']);
    if (lacks('mandoc') !== false) return;
    const linted = spawnSync('mandoc', ['-Tlint', '-Wwarning', path], { encoding: 'utf8' });
    // a page that has no date does not change with the day
    assert.equal(
      linted.stdout
        .split('\n')
        .filter((line) => line !== '' && !line.includes('missing date'))
        .join('\n'),
      '',
    );
  });
}

test('README calls only commands and options that there are', () => {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const lines = [...text.matchAll(/(?:npm run -s pmemwatch -- |`pmemwatch )([^\n#`]+)/g)].map(([, line = '']) =>
    line.trim(),
  );
  assert.ok(lines.length > 8, 'the reader of README found almost nothing: it is broken');
  for (const line of lines) {
    if (line === 'ARGS') continue;
    const words = line.match(/'[^']*'|\S+/g) ?? [];
    const command = commands.find(({ name }) => name.split(' ').every((word, i) => word === words[i]));
    assert.ok(command !== undefined, `README: ${line}`);
    for (const word of words.filter((each) => each.startsWith('--'))) {
      assert.ok((word.slice(2).split('=')[0] as string) in command.options, `README: ${line}: ${word}`);
    }
  }
});
