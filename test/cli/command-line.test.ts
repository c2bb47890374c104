import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments } from '../../src/cli/arguments.ts';
import { commands } from '../../src/cli/commands.ts';
import { AgentError } from '../../src/model/errors.ts';
import { runCommand } from './run-command.ts';

test('wrong usage is exit code 2, nothing on stdout, and one line on stderr that says what would be right', async () => {
  const table: [words: string[], expected: RegExp, why: string][] = [
    [[], /which command\?/, 'nothing at all'],
    [['lst'], /unknown command lst: did you mean list\?/, 'a misspelt command'],
    [['frobnicate'], /unknown command frobnicate/, 'a command that is none'],
    [['--lst'], /unknown option --lst/, 'an option before any command'],
    [['config'], /config goes on: config check/, 'half a command'],
    [['config', 'check'], /takes one FILE/, 'a missing operand'],
    [['config', 'check', 'a', 'b'], /takes one FILE/, 'an operand too many'],
    [['list', 'x'], /takes no operand: x/, 'an operand for a command without'],
    [['list', '--jsn'], /unknown option --jsn: did you mean --json\?/, 'a misspelt option'],
    [['list', '--constructor'], /unknown option --constructor/, 'a name that JavaScript knows'],
    [['list', '--json=yes'], /--json takes no value/, 'a value for a switch'],
    [['list', '--path.sysfs'], /--path\.sysfs needs a value: --path\.sysfs DIR/, 'a value is missing'],
    [['list', '--path.sysfs', '--json'], /--path\.sysfs needs a value/, 'an option in place of a value'],
    [['list', '--path.sysfs', '/a', '--path.sysfs', '/b'], /given twice/, 'a single option twice'],
    [['list', '--path.sysfs', 'sys'], /--path\.sysfs: sys is not an absolute path/, 'a relative root'],
    [['resolve'], /takes a DEVICE/, 'no device'],
    [['resolve', 'pmem0'], /at least one START/, 'no range'],
    [['resolve', 'pmem0', '0x10'], /0x10 is not START or START\+COUNT/, 'hexadecimal'],
    [['resolve', 'pmem0', '1+0'], /has no sectors/, 'an empty range'],
    [['resolve', 'pmem0', '9007199254740991+1'], /beyond every device/, 'more than numbers can hold'],
    [['check'], /at least one PATH/, 'no path'],
    [['check', '/', '--json', '--jsonl'], /exclude each other/, 'two forms at once'],
    [['agent', 'x'], /takes no operand/, 'an operand for the agent'],
    [['agent', '--web.listen-adress', ':1'], /did you mean --web\.listen-address\?/, 'a misspelt dotted flag'],
    [['agent', '--web.listen-address', '9915'], /not HOST:PORT/, 'an address without colon'],
    [['agent', '--config', '/nonexistent/x.yml'], /does not exist: name a file/, 'a config file that is not there'],
    [
      ['incidents', '--socket', '/nonexistent/s'],
      /no answer on \/nonexistent\/s \(ENOENT\): is the agent running\?/,
      'no agent',
    ],
    [['events', '--after', 'x'], /--after x is not a whole number/, 'not a number'],
    [['demo', 'x'], /takes no operand/, 'an operand for the demo'],
    [['list', '\u001b[2J'], /takes no operand: \\x1b\[2J/, 'a terminal sequence is shown, not obeyed'],
  ];
  for (const [words, expected, why] of table) {
    const { code, stdout, stderr } = await runCommand(words);
    assert.equal(code, 2, why);
    assert.equal(stdout, '', why);
    assert.match(stderr, /^pmemwatch[^\n]*\n$/, why);
    assert.match(stderr, expected, why);
  }
});

test('every command explains itself with examples', async () => {
  for (const { name, options } of commands) {
    for (const words of [
      [...name.split(' '), '--help'],
      ['help', ...name.split(' ')],
    ]) {
      const { code, stdout, stderr } = await runCommand(words);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      assert.match(stdout, /Examples\n {2}#.*\n {2}pmemwatch /);
      for (const option of Object.keys(options)) assert.ok(stdout.includes(`--${option}`), `${name} --${option}`);
    }
  }
});

test('half a command asks for help as a whole one does', async () => {
  for (const words of [
    ['config', '--help'],
    ['help', 'config'],
    ['config', '-h'],
  ]) {
    const { code, stdout, stderr } = await runCommand(words);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /config check FILE/);
    assert.doesNotMatch(stdout, /resolve DEVICE/);
  }
});

test('every example in the help is a command line that is understood', () => {
  for (const command of commands) {
    for (const { line } of command.examples) {
      const words = (line.split(/ [|<>&]+ ?/)[0] ?? '').split(' ');
      const named = command.name.split(' ');
      assert.deepEqual(words.slice(0, named.length + 1), ['pmemwatch', ...named], line);
      assert.doesNotThrow(() => readArguments(command, words.slice(named.length + 1)), line);
    }
  }
});

test('the overview names every command and the exit codes', async () => {
  for (const words of [['--help'], ['-h'], ['help']]) {
    const { code, stdout } = await runCommand(words);
    assert.equal(code, 0);
    for (const { name } of commands) assert.ok(stdout.includes(`  ${name}`), name);
    assert.match(stdout, /Exit codes/);
  }
});

test('--version says the version', async () => {
  assert.deepEqual(await runCommand(['--version']), { code: 0, stdout: 'pmemwatch 1.2.3\n', stderr: '' });
});

test('what follows -- is never an option', () => {
  const check = commands.find(({ name }) => name === 'check');
  assert.ok(check);
  assert.deepEqual(readArguments(check, ['--', '--json', '-x']).operands, ['--json', '-x']);
});

test('a bug is not told as if it were the outside', async () => {
  const broken = async () => {
    throw new TypeError('x is not a function');
  };
  await assert.rejects(runCommand(['list', '--direct'], { openPlatform: broken }), TypeError);
});

test('what the outside did is one line without control characters', async () => {
  const openPlatform = async () => {
    throw new AgentError('PROBE', 'cannot start\n\u001b[31mthe probe');
  };
  const { code, stderr } = await runCommand(['list', '--direct'], { openPlatform });
  assert.equal(code, 2);
  assert.equal(stderr, 'pmemwatch list: cannot start\\n\\x1b[31mthe probe\n');
});

test('an interrupted command says so and is not an answer', async () => {
  const stopped = AbortSignal.abort();
  const openPlatform = async () => {
    throw stopped.reason;
  };
  const { code, stderr } = await runCommand(['list', '--direct'], { openPlatform, signal: stopped });
  assert.equal(code, 2);
  assert.match(stderr, /interrupted/);
});
