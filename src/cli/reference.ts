/** docs/cli.md, made from the commands. */
import { table } from '../config/reference.ts';
import type { Command } from './command.ts';
import { helpText } from './manual.ts';
import { environment, exitCodes, files, signals } from './program-facts.ts';

export function renderCliReference(commands: readonly Command[]): string {
  return [
    introduction,
    table(['Exit code', 'Meaning'], exitCodes),
    asking,
    ...commands.map(commandSection),
    `## Signals\n\n${table(['Signal', 'Meaning'], signals)}`,
    `## Environment\n\n${table(
      ['Variable', 'Meaning'],
      environment.map(([name, text]) => [coded(name), text]),
    )}`,
    `## Files\n\n${table(
      ['File', 'Meaning'],
      files.map(([name, text]) => [coded(name), text]),
    )}`,
  ]
    .join('\n\n')
    .concat('\n');
}

const introduction = `# Command line

<!-- Made from src/cli by \`npm run golden\`; a test fails when it is not current. Do not edit. -->

\`pmemwatch COMMAND [OPTION]...\`; from a checkout \`npm run -s pmemwatch -- COMMAND [OPTION]...\`. \`pmemwatch COMMAND --help\` says what
stands here, \`pmemwatch(1)\` in deploy/man too. Sectors have 512 bytes, times are UTC. \`--json\` prints one JSON document on standard
output and nothing else (\`events -f --json\`: one a line).`;

const asking = `## Asking an agent

Commands that ask the running agent do so on its unix socket (\`api.socket\`), where everything may be seen and done by root and the
group \`pmemwatch\`; or, with \`--agent URL\`, at an address, where [a token](access.md) shows file names (scope \`read\`) and changes
things (scope \`operate\`). Certificates are always verified, by the authorities that Node.js knows or those of \`--ca-file\`. Neither
redirects nor proxies are followed. No option takes a secret itself, since everybody can read the list of processes.

\`list\` and \`rescan\` do without an agent where none runs, and say on standard error who answered. The agent may say nothing for 10 s
at most; then the line on standard error says so, and the exit code is 2. Nothing that a file name holds reaches a terminal as it is;
lines are no wider than the terminal, and colours are on a terminal alone.`;

function commandSection(command: Command): string {
  const { name, operands, summary, details, options, examples } = command;
  const rows = Object.entries(options).map(([option, what]) => {
    const long = `--${option}${what.type === 'boolean' ? '' : ` ${what.value ?? 'VALUE'}`}`;
    return [coded(what.short === undefined ? long : `-${what.short}, ${long}`), helpText(what)];
  });
  return [
    `## \`pmemwatch ${`${name} ${operands}`.trim()}\``,
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.${details === undefined ? '' : ` ${details.replaceAll('\n', ' ')}`}`,
    ...(rows.length === 0 ? [] : [table(['Option', 'Meaning'], rows)]),
    `\`\`\`sh\n${examples.map(({ line, shows }) => `${line}   # ${shows}`).join('\n')}\n\`\`\``,
  ].join('\n\n');
}

function coded(text: string): string {
  return `\`${text}\``;
}
