import { type Run, run } from '../model/extent.ts';
import { usage } from './arguments.ts';

/** @throws AgentError USAGE */
export function parseRange(text: string): Run {
  const match = /^(\d{1,16})(?:\+(\d{1,16}))?$/.exec(text);
  if (match === null) throw usage(`${text} is not START or START+COUNT in decimal sectors of 512 bytes`);
  return checkedRun(Number(match[1]), Number(match[2] ?? 1), text);
}

/** Lines of `START`, `START+COUNT`, or `START COUNT` as the kernel's own lists have them. @throws AgentError USAGE */
export async function readRanges(input: AsyncIterable<Uint8Array | string>): Promise<Run[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk));
  const runs: Run[] = [];
  for (const line of Buffer.concat(chunks).toString('utf8').split('\n')) {
    const text = line.trim();
    if (text !== '') runs.push(parseRange(text.replace(/^(\d+)[ \t]+(\d+)$/, '$1+$2')));
  }
  return runs;
}

function checkedRun(start: number, count: number, text: string): Run {
  if (count === 0) throw usage(`${text} has no sectors: the count is to be 1 or more`);
  if (!Number.isSafeInteger(start + count)) throw usage(`${text} is beyond every device`);
  return run(start, count);
}
