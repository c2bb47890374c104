/**
 * `npm run bench -- notify [--full] [--files N] [--runs N]`: from the change of a watched bad-block list to the first byte of the
 * message that carries the damaged file's path and byte range, beside the same agent without hints and with a poll
 * every second. Needs root: an XFS on a loop device with a million files (`--full`). The state file is on a real disk.
 */
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createRandom } from '../../test/loopfs/random.ts';
import { untilQuiet } from '../processes.ts';
import { IMAGES, mountImage } from '../resolve/lab.ts';
import { ownedSectors, xfs } from '../resolve/xfs.ts';
import { type RunningAgent, startAgent } from './agent.ts';
import { makeDamageable } from './damageable-host.ts';
import { startReceiver } from './receiver.ts';

const MOST_P99_MS = 150;
const LIMITED_FILES = xfs.files.full;

export async function benchNotify(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean', default: false },
      files: { type: 'string' },
      runs: { type: 'string', default: '200' },
    },
  });
  if (process.getuid?.() !== 0) throw new Error('needs root: loop devices and mounts');
  const files = Number(values.files ?? (values.full ? xfs.files.full : xfs.files.reduced));
  const runs = Number(values.runs);
  const image = mountImage(xfs, files);
  try {
    const sectors = ownedSectors({ ...image, files, resolve: unasked }, createRandom(5), runs);
    const hinted = await measure(image, sectors, { hints: true, poll: '1h' });
    const polled = await measure(image, sectors.slice(0, Math.min(runs, 60)), { hints: false, poll: '1s' });
    return tell(files, hinted, polled);
  } finally {
    image.close();
  }
}

const unasked = (): Promise<never> => Promise.reject(new Error('is not asked here'));

interface Way {
  readonly hints: boolean;
  readonly poll: string;
}
interface Answer {
  readonly ms: number;
  /** `path offset length`, what both have to say alike */
  readonly told: string;
}

async function measure(
  image: ReturnType<typeof mountImage>,
  sectors: readonly number[],
  way: Way,
): Promise<readonly Answer[]> {
  const host = makeDamageable(image);
  const receiver = await startReceiver();
  let agent: RunningAgent | undefined;
  try {
    agent = await startAgent(host, receiver.url, way);
    // the first look at everything, and the processes that it started
    await untilQuiet(agent.pid, 2_000, 60_000);
    const answers: Answer[] = [];
    for (const sector of sectors) {
      const named = receiver.next((message) => message.type !== 'pmem.incident.resolved' && message.files.length > 0);
      const at = performance.now();
      host.damage(sector);
      const { message, firstByteAt } = await named;
      const [file] = message.files;
      const [range] = file?.ranges ?? [];
      if (file === undefined || range === undefined) throw new Error('a message without the range of its file');
      answers.push({ ms: firstByteAt - at, told: `${file.path} ${range.offset} ${range.length}` });
      const over = receiver.next((message) => message.type === 'pmem.incident.resolved');
      host.repair();
      await over;
    }
    return answers;
  } finally {
    await agent?.stop();
    await receiver.close();
    host.remove();
  }
}

function tell(files: number, hinted: readonly Answer[], polled: readonly Answer[]): boolean {
  const differing = polled.filter(({ told }, i) => told !== hinted[i]?.told);
  if (differing.length > 0) throw new Error(`the two tell different files: ${differing[0]?.told}`);
  const ours = spreadOf(hinted);
  const theirs = spreadOf(polled);
  const line = (name: string, of: ReturnType<typeof spreadOf>): string =>
    `notify: ${name.padEnd(28)} median ${of.median.toFixed(0)} ms, p99 ${of.p99.toFixed(0)} ms, most ${of.most.toFixed(0)} ms (${of.count} times), the first ${of.first.toFixed(0)} ms`;
  const kind = execFileSync('stat', ['-f', '-c', '%T', IMAGES]).toString().trim();
  console.log(`notify: XFS, ${files} files, state file on ${kind}; both named the same file and bytes`);
  console.log(line('with hints', ours));
  console.log(line('without, a poll every second', theirs));
  console.log(
    `notify: ratio of the medians ${(ours.median / theirs.median).toFixed(3)}, of p99 ${(ours.p99 / theirs.p99).toFixed(3)} (limit of p99 with hints: ${MOST_P99_MS} ms at ${LIMITED_FILES} files)`,
  );
  return files < LIMITED_FILES || ours.p99 <= MOST_P99_MS;
}

function spreadOf(answers: readonly Answer[]): {
  count: number;
  median: number;
  p99: number;
  most: number;
  first: number;
} {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number;
  return { count: sorted.length, median: at(0.5), p99: at(0.99), most: at(1), first: answers[0]?.ms ?? 0 };
}
