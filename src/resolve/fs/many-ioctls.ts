import { errnoOf } from '../../model/errors.ts';
import type { FilesystemIo, Lane } from '../../ports.ts';
import type { LaneOrder, LaneReport } from './lane-work.ts';

/**
 * The same ioctl with many requests of one size, which lie one behind the other in memory that threads share (`sharedRoom`); each
 * is answered in its place.
 */
export interface ManyIoctls {
  readonly fd: number;
  readonly request: number;
  readonly size: number;
  readonly packed: Uint8Array;
}
export function sharedRoom(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}
/** errno names of those that failed, by their numbers */
export type Failures = readonly (readonly [number, string])[];

/** Fewer are asked by one thread. */
const WORTH_SHARING = 512;
const PER_TURN = 256;

/** Asks those from number `from` to `to` (exclusive), in this thread. */
export function askSome(
  io: FilesystemIo,
  { fd, request, size, packed }: ManyIoctls,
  from: number,
  to: number,
): Failures {
  const failures: [number, string][] = [];
  for (let i = from; i < to; i++) {
    try {
      io.ioctl(fd, request, packed.subarray(i * size, (i + 1) * size));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      failures.push([i, errno]);
    }
  }
  return failures;
}

/** Asks all, in several threads where there are some and it is worth it. `pause` is awaited now and then. */
export async function askMany(
  io: FilesystemIo,
  many: ManyIoctls,
  pause: () => Promise<void>,
): Promise<ReadonlyMap<number, string>> {
  const count = many.packed.length / many.size;
  const borrowed = count < WORTH_SHARING ? undefined : io.lanes?.borrow();
  if (borrowed === undefined) return new Map(await askAlone(io, many, count, pause));
  let finished = false;
  try {
    const each = Math.ceil(count / (borrowed.lanes.length + 1));
    const others = borrowed.lanes.map((lane, i) =>
      askIn(lane, many, Math.min(count, each * (i + 1)), Math.min(count, each * (i + 2))),
    );
    const [own, ...rest] = await Promise.all([askAlone(io, many, each, pause), ...others]);
    finished = true;
    return new Map([...own, ...rest.flat()]);
  } finally {
    borrowed.giveBack(finished);
  }
}

async function askAlone(
  io: FilesystemIo,
  many: ManyIoctls,
  count: number,
  pause: () => Promise<void>,
): Promise<Failures> {
  const failures: Failures[] = [];
  for (let at = 0; at < count; at += PER_TURN) {
    failures.push(askSome(io, many, at, Math.min(count, at + PER_TURN)));
    await pause();
  }
  return failures.flat();
}

function askIn(lane: Lane, many: ManyIoctls, from: number, to: number): Promise<Failures> {
  const { promise, resolve, reject } = Promise.withResolvers<Failures>();
  const take = (report: LaneReport): void => {
    if (report.op === 'asked') resolve(report.failures);
    else if (report.op === 'failed') reject(new Error(report.message));
  };
  lane.listen(
    (report) => take(report as LaneReport),
    (why) => reject(new Error(`an asking thread ended: ${why}`)),
  );
  lane.post({ op: 'ask', many, from, to } satisfies LaneOrder);
  return promise;
}
