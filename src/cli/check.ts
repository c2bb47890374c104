import { resolve as absolute } from 'node:path';
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
export interface CheckAnswer {
  readonly complete: boolean;
  readonly files: readonly CheckedFile[];
}

/** Longer than any walk that someone waits for; Ctrl-C ends it. */
const DEADLINE_MS = 24 * 3600 * 1000;

export const check: Command = {
  name: 'check',
  summary: 'show which bytes of these files are damaged',
  operands: 'PATH...',
  details:
    'A directory stands for everything below it, on the same file system or another. Nothing of a file is read, so that no\ndamaged byte is touched. Exit code 0 only when all could be looked at and nothing is damaged.',
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
    const platform = await context.openPlatform(rootsFor(args));
    const progress = createProgressLine(context);
    try {
      const found = await platform.check({ paths, deadlineMs: DEADLINE_MS }, progress.show, context.signal);
      const answer = found as CheckAnswer;
      progress.clear();
      print(answer, args, context);
      return exitCodeOf(answer, context);
    } finally {
      progress.clear();
      await platform.close();
    }
  },
};

function exitCodeOf(answer: CheckAnswer, context: CommandContext): ExitCode {
  const damaged = answer.files.filter((file) => file.ranges.length > 0).length;
  if (!answer.complete) {
    const reasons = answer.files.filter((file) => !file.complete);
    const first = reasons[0];
    const why = first === undefined ? '' : `: ${first.path}: ${first.reason ?? 'not all of it could be looked at'}`;
    const more = reasons.length > 1 ? ` (and ${counted(reasons.length - 1, 'other')})` : '';
    context.stderr.write(`pmemwatch check: not complete${printable(why)}${more}\n`);
  }
  if (damaged > 0) return 1;
  return answer.complete ? 0 : 2;
}

function print(answer: CheckAnswer, args: CommandArguments, context: CommandContext): void {
  const { stdout } = context;
  if (args.flag('json')) stdout.write(jsonText({ complete: answer.complete, files: answer.files.map(fileJson) }));
  else if (args.flag('jsonl')) for (const file of answer.files) stdout.write(jsonText(fileJson(file), 0));
  else stdout.write(checkText(answer, context));
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

function checkText(answer: CheckAnswer, context: CommandContext): string {
  const paint = painter(context.color);
  const lines: string[] = [];
  for (const file of answer.files) {
    if (file.ranges.length > 0) lines.push(`${paint('red', 'damaged')}  ${printable(file.path)}`);
    else if (!file.complete) lines.push(`${paint('yellow', 'unknown')}  ${printable(file.path)}`);
    for (const range of file.ranges) {
      const where = `${printable(range.device)} ${range.start}+${range.count}`;
      lines.push(`  bytes ${range.offset}–${range.offset + range.length - 1}  ${paint('dim', where)}`);
      if (range.goodCopy?.exists === 'yes')
        lines.push(`    good copy: ${printable(range.goodCopy.where ?? 'elsewhere')}`);
    }
    if (!file.complete) lines.push(paint('dim', `  ${printable(file.reason ?? 'not all of it could be looked at')}`));
  }
  const damaged = answer.files.filter((file) => file.ranges.length > 0).length;
  lines.push(summary(answer, damaged));
  return `${lines.join('\n')}\n`;
}

function summary({ files, complete }: CheckAnswer, damaged: number): string {
  const looked = `${counted(files.length, 'file')} looked at`;
  if (damaged > 0) return `${looked}, ${damaged} damaged`;
  return complete
    ? `${looked}: no known damage`
    : `${looked}: none known to be damaged, but not everything could be seen`;
}
