import { resolve as absolute } from 'node:path';
import { byteRange } from '../model/byte-text.ts';
import { usage } from './arguments.ts';
import type { Command, CommandArguments, CommandContext, ExitCode } from './command.ts';
import { counted, jsonText, painter, printable } from './print.ts';
import { createProgressLine } from './progress.ts';
import { pathOptions, rootsFor } from './settings.ts';

/** A file as `check --json` shows it (design 4.1). */
export interface CheckedFile {
  readonly path: string;
  readonly pathBase64: string;
  readonly complete: boolean;
  readonly reason?: string | null;
  readonly ranges: readonly {
    /** bytes in the file */
    readonly offset: number;
    readonly length: number;
    /** sectors on `device` */
    readonly device: string;
    readonly start: number;
    readonly count: number;
    /** where a layer below the file system keeps copies */
    readonly goodCopy?: { readonly exists: 'yes' | 'no' | 'unknown'; readonly where: string | null };
  }[];
}
/** Longer than any walk that someone waits for; Ctrl-C ends it. */
const DEADLINE_MS = 24 * 3600 * 1000;

export const check: Command = {
  name: 'check',
  summary: 'show which bytes of these files are damaged',
  operands: 'PATH...',
  operandKind: 'file',
  details:
    "A directory stands for everything below it, on the file systems of this host's block devices. Nothing of a file is read, so that no\ndamaged byte is touched. Exit code 0 only when all could be looked at and nothing is damaged.",
  options: {
    json: { type: 'boolean', help: 'one JSON document instead of text' },
    jsonl: { type: 'boolean', help: 'one JSON document for each file, one a line' },
    ...pathOptions,
  },
  examples: [
    { line: 'pmemwatch check /pg', shows: 'every file of a database' },
    { line: 'pmemwatch check /pg/base/16402/24711', shows: 'one file' },
    { line: "pmemwatch check /pg --jsonl | jq -r 'select(.ranges != []).path'", shows: 'the damaged ones' },
  ],
  async run(args, context) {
    if (args.operands.length === 0) throw usage('check takes at least one PATH');
    if (args.flag('json') && args.flag('jsonl')) throw usage('--json and --jsonl exclude each other');
    const paths = args.operands.map((path) => absolute(path));
    const printer = printerFor(args, context);
    const tellClean = args.flag('json') || args.flag('jsonl');
    const platform = await context.openPlatform(rootsFor(args, context));
    const progress = createProgressLine(context);
    const told: Told = { damaged: 0, unseen: 0 };
    const take = async (files: readonly unknown[]): Promise<void> => {
      progress.clear();
      for (const file of files as readonly CheckedFile[]) {
        count(told, file);
        printer.file(file);
      }
    };
    try {
      const job = { paths, deadlineMs: DEADLINE_MS, tellClean };
      const end = await platform.check(job, progress.show, context.signal, take);
      progress.clear();
      printer.end(end.complete, end.looked, told);
      return exitCodeOf(end.complete, told, context);
    } catch (error) {
      progress.clear();
      printer.brokenOff();
      throw error;
    } finally {
      progress.clear();
      await platform.close();
    }
  },
};

/** What the files told so far come to; none of them is kept. */
interface Told {
  damaged: number;
  unseen: number;
  first?: CheckedFile;
}
function count(told: Told, file: CheckedFile): void {
  if (file.ranges.length > 0) told.damaged++;
  if (file.complete) return;
  told.unseen++;
  told.first ??= file;
}

function exitCodeOf(complete: boolean, { damaged, unseen, first }: Told, context: CommandContext): ExitCode {
  if (!complete) {
    const why = first === undefined ? '' : `: ${first.path}: ${first.reason ?? 'not all of it could be looked at'}`;
    const more = unseen > 1 ? ` (and ${counted(unseen - 1, 'other')})` : '';
    context.stderr.write(`pmemwatch check: not complete${printable(why)}${more}\n`);
  }
  if (damaged > 0) return 1;
  return complete ? 0 : 2;
}

/** Writes each file when it comes. */
interface Printer {
  file(file: CheckedFile): void;
  end(complete: boolean, looked: number, told: Told): void;
  /** leaves whole what was written */
  brokenOff(): void;
}
function printerFor(args: CommandArguments, context: CommandContext): Printer {
  if (args.flag('jsonl')) {
    const nothing = (): void => undefined;
    return { file: (file) => context.stdout.write(jsonText(fileJson(file), 0)), end: nothing, brokenOff: nothing };
  }
  return args.flag('json') ? documentPrinter(context) : textPrinter(context);
}
/** One document, written as it grows: `complete` is known last. */
function documentPrinter({ stdout }: CommandContext): Printer {
  let before = '{\n  "files": [\n';
  const end = (complete: boolean): void => {
    stdout.write(before.startsWith('{') ? `${before}  ],\n` : '\n  ],\n');
    stdout.write(`  "complete": ${complete}\n}\n`);
  };
  return {
    file(file) {
      stdout.write(`${before}    ${jsonText(fileJson(file), 0).trimEnd()}`);
      before = ',\n';
    },
    end,
    brokenOff: () => end(false),
  };
}
function textPrinter(context: CommandContext): Printer {
  return {
    file: (file) => context.stdout.write(fileText(file, context)),
    end: (complete, looked, told) => context.stdout.write(`${summary(complete, looked, told)}\n`),
    brokenOff: () => undefined,
  };
}

/** Every key of the contract, in its order. */
function fileJson({ path, pathBase64, complete, reason, ranges }: CheckedFile): unknown {
  return {
    path,
    pathBase64,
    complete,
    reason: reason ?? null,
    ranges: ranges.map(({ offset, length, device, start, count, goodCopy }) => ({
      ...{ offset, length, device, start, count },
      ...(goodCopy === undefined ? {} : { goodCopy }),
    })),
  };
}

/** '' for a file that is whole and clean. */
function fileText(file: CheckedFile, context: CommandContext): string {
  const paint = painter(context.color);
  const lines: string[] = [];
  if (file.ranges.length > 0) lines.push(`${paint('red', 'damaged')}  ${printable(file.path)}`);
  else if (!file.complete) lines.push(`${paint('yellow', 'unknown')}  ${printable(file.path)}`);
  for (const range of file.ranges) {
    const where = `${printable(range.device)} ${range.start}+${range.count}`;
    lines.push(`  ${byteRange(range)}  ${paint('dim', where)}`);
    if (range.goodCopy?.exists === 'yes')
      lines.push(`    good copy: ${printable(range.goodCopy.where ?? 'elsewhere')}`);
  }
  if (!file.complete) lines.push(paint('dim', `  ${printable(file.reason ?? 'not all of it could be looked at')}`));
  return lines.map((line) => `${line}\n`).join('');
}

function summary(complete: boolean, files: number, { damaged, unseen }: Told): string {
  const rest = unseen === 0 ? '' : `, ${unseen} not or not wholly`;
  const looked = `${counted(files - unseen, 'file')} looked at${rest}`;
  if (damaged > 0) return `${looked}, ${damaged} damaged`;
  return complete
    ? `${looked}: no known damage`
    : `${looked}: none known to be damaged, but not everything could be seen`;
}
