/** What holds for the whole program, as help, manual and docs/cli.md say it. */

export const exitCodes: readonly (readonly [string, string])[] = [
  ['0', 'fine'],
  ['1', 'damage found (check)'],
  ['2', 'not answered, not completely, or wrongly asked; standard error says what to do'],
];

export const signals: readonly (readonly [string, string])[] = [
  ['SIGHUP', 'the agent reads its configuration again; a command ends'],
  ['SIGUSR2', 'the agent asks for a scrub of every bus'],
  [
    'SIGTERM, SIGINT',
    'the agent tells what is due and ends; a command ends, and what it has begun on the agent goes on',
  ],
];

export const files: readonly (readonly [string, string])[] = [
  ['/etc/pmemwatch/pmemwatch.yml', 'the configuration; it may be missing'],
  ['/run/pmemwatch/api.sock', "the agent's socket, for root and the group pmemwatch"],
  ['/run/pmemwatch/probe.sock', 'where systemd starts probe processes for the agent'],
  ['/var/lib/pmemwatch/state.db', 'what the agent remembers'],
];

export const environment: readonly (readonly [string, string])[] = [
  [
    'PMEMWATCH_AGENT, PMEMWATCH_SOCKET, PMEMWATCH_TOKEN_FILE, ...',
    'each option that says how an agent is reached, as --agent, --socket, --token-file; options win',
  ],
  ['PMEMWATCH_TOKEN', 'a token itself, where there is no file with it'],
  ['PMEMWATCH_LOGIN', 'NAME:PASSWORD itself, where there is no file with it'],
  [
    'PMEMWATCH_STATE_FILE, PMEMWATCH_POLL_BAD_BLOCKS, ...',
    'each flag of the agent, and each key of the configuration with a plain value',
  ],
  ['NO_COLOR', 'not empty: no colours; there are none where standard output is no terminal, or TERM is dumb'],
];
