import { describeSettings } from '../../config/load.ts';
import { defaultConfig } from '../../config/schema.ts';
import { byteText } from '../../model/byte-text.ts';
import { AgentError, messageOf } from '../../model/errors.ts';
import { apiOver, clientOptions } from '../agent-api.ts';
import { connectionFor } from '../agent-connection.ts';
import { usage } from '../arguments.ts';
import type { Command, CommandArguments, CommandContext } from '../command.ts';
import { counted, jsonText, printable } from '../print.ts';
import { createProgressLine } from '../progress.ts';
import { pathOptions, rootsFor, settingsFor, webConfigOption } from '../settings.ts';
import type { Gathered, LeftOut, Part } from './part.ts';
import type { FileNames } from './redaction.ts';

/** Of one part, before it is packed. */
const LARGEST_CHARACTERS = 64 * 1024 * 1024;
const kindsOfNames = ['hash', 'full'] as const satisfies readonly FileNames[];

export const supportBundle: Command = {
  name: 'support-bundle',
  summary: 'collect what a bug report needs in one archive, without secrets',
  operands: 'FILE',
  operandKind: 'file',
  details:
    'Versions, configuration, topology, readings, events, incidents, deliveries, metrics and log, as far as this user can see them;\n' +
    'with a running agent or without one. manifest.json says what is in it, what was left out, and why: read it through before you\n' +
    'give it away. Host names, serial numbers, mountpoints and commands of processes are in it. FILE is a tar.gz; - is standard\n' +
    'output. Exit code 0: it was written.',
  options: {
    'file-names': {
      type: 'string',
      value: 'hash|full',
      values: kindsOfNames,
      default: 'hash',
      help: 'whether files are named, or told apart by a hash of their path, as in messages with paths: hash',
    },
    force: { type: 'boolean', help: 'replace FILE when it exists' },
    ...clientOptions,
    ...webConfigOption,
    ...pathOptions,
  },
  examples: [
    { line: 'pmemwatch support-bundle pmemwatch-db07.tar.gz', shows: 'as root: as much as there is' },
    { line: 'pmemwatch support-bundle - | tar -tzf -', shows: 'what would be in it' },
  ],
  async run(args, context) {
    const [file, ...others] = args.operands;
    if (file === undefined || others.length > 0) throw usage('it takes one FILE, or - for standard output');
    const names = args.values['file-names']?.at(-1) ?? 'hash';
    const fileNames = kindsOfNames.find((kind) => kind === names);
    if (fileNames === undefined) throw usage(`--file-names ${names} is neither hash nor full`);
    if (file === '-' && context.isTerminal)
      throw usage('an archive is nothing for a terminal: name a FILE, or redirect it');
    const { assertFree, packed, writeWhole } = await import('./archive.ts');
    if (file !== '-') await assertFree(file, args.flag('force'));

    const progress = createProgressLine(context);
    progress.say('collecting');
    const { texts, leftOut } = await collected(args, fileNames, context).finally(() => progress.clear());
    const archive = await packed('pmemwatch-support', texts, context.clock.now());
    context.signal.throwIfAborted();
    if (file === '-') context.stdout.write(archive);
    else await writeWhole(file, archive, args.flag('force'));
    const where = file === '-' ? 'written' : `${file} written`;
    const told = leftOut.length === 0 ? '' : `; left out, and why: manifest.json (${summary(leftOut)})`;
    context.stderr.write(
      `pmemwatch support-bundle: ${printable(where)}: ${counted(texts.length, 'file')}, ${byteText(archive.length)}${printable(told)}\n`,
    );
    return 0;
  },
};

interface Text {
  readonly file: string;
  readonly text: string;
}

async function collected(
  args: CommandArguments,
  fileNames: FileNames,
  context: CommandContext,
): Promise<{ readonly texts: readonly Text[]; readonly leftOut: readonly LeftOut[] }> {
  const [{ agentParts }, { hostParts }, { isPart }, { createRedaction }] = await Promise.all([
    import('./agent-parts.ts'),
    import('./host-parts.ts'),
    import('./part.ts'),
    import('./redaction.ts'),
  ]);
  const settings = await describeSettings(args.values);
  const [agent, host] = await Promise.all([
    connection(args, context).then(
      (found) => agentParts(apiOver(found, context.signal), context.signal),
      (error: unknown): Gathered[] => [{ file: 'agent/', why: messageOf(error) }],
    ),
    hostParts(rootsFor(args, context), context).catch((error: unknown): Gathered[] => [
      { file: 'host/', why: messageOf(error) },
    ]),
  ]);
  context.signal.throwIfAborted();
  const own: Part = {
    file: 'config/settings.json',
    about:
      'configuration, web configuration and environment of this command; values that are or could be secret are left out',
    content: { config: settings.config, webConfig: settings.webConfig ?? null, environment: settings.environment },
  };
  const gathered = [own, ...agent, ...host];
  const redaction = createRedaction({ secrets: settings.secrets, fileNames });
  for (const each of gathered) if (isPart(each)) redaction.learn(each.content);
  const leftOut: LeftOut[] = [];
  const texts: (Text & { readonly about: string; readonly note?: string })[] = [];
  for (const each of gathered) {
    if (!isPart(each)) {
      leftOut.push(each);
      continue;
    }
    const { file, about, content, note } = each;
    const { text, found } = redaction.text(typeof content === 'string' ? content : jsonText(redaction.value(content)));
    if (text.length > LARGEST_CHARACTERS)
      leftOut.push({ file, why: `it is larger than ${byteText(LARGEST_CHARACTERS)}` });
    else {
      const remark = [note, found === 0 ? undefined : `${counted(found, 'secret')} taken out`].filter(
        (part) => part !== undefined,
      );
      texts.push({ file, about, text, ...(remark.length === 0 ? {} : { note: remark.join('; ') }) });
    }
  }
  const manifest = {
    madeAt: new Date(context.clock.now()).toISOString(),
    madeBy: `pmemwatch ${context.version}`,
    fileNames: fileNames === 'hash' ? 'hash: the first 12 hex digits of sha256 over the path' : 'full',
    neverIn:
      'secrets: URLs and headers of receivers, their keys, tokens and their hashes, passwords and their hashes, keys of certificates, texts under keys that are not known',
    files: texts.map(({ file, about, text, note }) => ({
      file,
      about,
      characters: text.length,
      ...(note === undefined ? {} : { note }),
    })),
    leftOut: leftOut.map(({ file, why }) => ({ file, why: redaction.text(why).text })),
  };
  return { texts: [{ file: 'manifest.json', text: jsonText(manifest) }, ...texts], leftOut };
}

/** A broken configuration is one reason for a bug report: the default socket has to do then. */
async function connection(args: CommandArguments, context: CommandContext) {
  return connectionFor(args, context, async () => {
    try {
      return (await settingsFor(args, context)).config.api.socket;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return defaultConfig().api.socket;
    }
  });
}

/** `agent: why; log: why`, one for each folder. */
function summary(leftOut: readonly LeftOut[]): string {
  const first = new Map<string, string>();
  for (const { file, why } of leftOut) {
    const folder = file.replace(/\/.*$/, '');
    if (!first.has(folder)) first.set(folder, why.replace(/[:;].*$/, ''));
  }
  return [...first].map(([folder, why]) => `${folder}: ${why}`).join('; ');
}
