/**
 * A thread that keeps changing a file system, and keeps account of it: which inode had which name, and which sectors,
 * from when to when. Until it is told to stop; then it hands over its account.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { createRandom } from './random.ts';

export interface WriterOptions {
  readonly root: string;
  readonly seed: number;
  readonly blockBytes: number;
  /** one number: changes so far */
  readonly changes: Int32Array<SharedArrayBuffer>;
}
/** Both ends are generous: a call may have its effect any time between its start and its end. Nanoseconds. */
interface Period {
  readonly inode: string;
  from: bigint;
  to: bigint;
}
export interface NamePeriod extends Period {
  readonly path: string;
  /** certainly so within these */
  surelyFrom: bigint;
  surelyTo: bigint;
}
export interface PlacePeriod extends Period {
  readonly sector: number;
  readonly count: number;
  readonly offset: number;
  surelyFrom: bigint;
  surelyTo: bigint;
}
export interface Account {
  readonly names: readonly NamePeriod[];
  readonly places: readonly PlacePeriod[];
}
interface LivingFile {
  readonly inode: string;
  readonly names: { directory: number; name: string; period: NamePeriod }[];
  places: PlacePeriod[];
}

const DIRECTORIES = 6;
const MOST_FILES = 120;
const FOREVER = 2n ** 62n;

export const now = (): bigint => process.hrtime.bigint();

function write(
  { root, seed, blockBytes, changes }: WriterOptions,
  stopped: () => boolean,
  hand: (a: Account) => void,
): void {
  const random = createRandom(seed);
  const reader = createExtentReader(createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' }));
  const account = { names: [] as NamePeriod[], places: [] as PlacePeriod[] };
  const directories = Array.from({ length: DIRECTORIES }, (_, i) => `writer-${i}`);
  for (const name of directories) mkdirSync(`${root}/${name}`);
  const files: LivingFile[] = [];
  let next = 0;
  const pathOf = (directory: number, name: string): string => `${root}/${directories[directory]}/${name}`;

  const open = <P extends Period & { surelyFrom: bigint; surelyTo: bigint }>(
    list: P[],
    period: Omit<P, 'to' | 'surelyFrom' | 'surelyTo'>,
  ): P => {
    const whole = { ...period, to: FOREVER, surelyFrom: now(), surelyTo: FOREVER } as P;
    list.push(whole);
    return whole;
  };
  const close = (period: NamePeriod | PlacePeriod, before: bigint): void => {
    period.surelyTo = before;
    period.to = now();
  };
  const mapPlaces = (file: LivingFile, fd: number, before: bigint): void => {
    for (const place of file.places) close(place, before);
    file.places = reader.read(fd).map((e) =>
      open(account.places, {
        inode: file.inode,
        sector: e.physical / 512,
        count: e.length / 512,
        offset: e.logical,
        from: before,
      } as PlacePeriod),
    );
  };
  const named = (file: LivingFile, directory: number, name: string, from: bigint): void => {
    const period = open(account.names, { inode: file.inode, path: pathOf(directory, name), from } as NamePeriod);
    file.names.push({ directory, name, period });
  };

  const create = (): void => {
    const before = now();
    const [directory, name] = [random.int(0, DIRECTORIES - 1), `file ${next++}`];
    const fd = openSync(pathOf(directory, name), 'w');
    const file: LivingFile = { inode: fstatSync(fd, { bigint: true }).ino.toString(), names: [], places: [] };
    for (let i = random.int(1, 6); i > 0; i--)
      writeSync(fd, random.bytes(blockBytes, false), 0, blockBytes, random.int(0, 40) * blockBytes);
    fsyncSync(fd);
    named(file, directory, name, before);
    mapPlaces(file, fd, before);
    closeSync(fd);
    files.push(file);
  };
  const append = (file: LivingFile): void => {
    const { directory, name } = random.pick(file.names);
    const before = now();
    const fd = openSync(pathOf(directory, name), 'r+');
    writeSync(fd, random.bytes(blockBytes, false), 0, blockBytes, random.int(0, 60) * blockBytes);
    fsyncSync(fd);
    mapPlaces(file, fd, before);
    closeSync(fd);
  };
  const unlink = (file: LivingFile): void => {
    const which = random.int(0, file.names.length - 1);
    const { directory, name, period } = file.names[which] as LivingFile['names'][number];
    const before = now();
    unlinkSync(pathOf(directory, name));
    close(period, before);
    file.names.splice(which, 1);
    if (file.names.length > 0) return;
    for (const place of file.places) close(place, before);
    files.splice(files.indexOf(file), 1);
  };
  const rename = (file: LivingFile): void => {
    const entry = random.pick(file.names);
    const [directory, name] = [random.int(0, DIRECTORIES - 1), `moved ${next++}`];
    const before = now();
    renameSync(pathOf(entry.directory, entry.name), pathOf(directory, name));
    close(entry.period, before);
    file.names.splice(file.names.indexOf(entry), 1);
    named(file, directory, name, before);
  };
  const link = (file: LivingFile): void => {
    const { directory, name } = random.pick(file.names);
    const [into, second] = [random.int(0, DIRECTORIES - 1), `linked ${next++}`];
    const before = now();
    linkSync(pathOf(directory, name), pathOf(into, second));
    named(file, into, second, before);
  };
  const renameDirectory = (): void => {
    const which = random.int(0, DIRECTORIES - 1);
    const before = now();
    renameSync(`${root}/${directories[which]}`, `${root}/writer-moved-${next}`);
    directories[which] = `writer-moved-${next++}`;
    for (const file of files) {
      for (const entry of file.names.filter((n) => n.directory === which)) {
        close(entry.period, before);
        const { name } = entry;
        file.names.splice(file.names.indexOf(entry), 1);
        named(file, which, name, before);
      }
    }
  };
  const step = (): void => {
    Atomics.add(changes, 0, 1);
    const kind = random.int(0, 9);
    const file = files.length === 0 ? undefined : random.pick(files);
    if (file === undefined || (kind < 4 && files.length < MOST_FILES)) create();
    else if (kind < 6) unlink(file);
    else if (kind === 6) append(file);
    else if (kind === 7) rename(file);
    else if (kind === 8) link(file);
    else renameDirectory();
  };
  const work = (): void => {
    for (let i = 0; i < 20 && !stopped(); i++) step();
    if (stopped()) hand(account);
    else setImmediate(work);
  };
  work();
}

if (!isMainThread && (workerData as { writer?: WriterOptions } | null)?.writer !== undefined) {
  let stop = false;
  parentPort?.once('message', () => {
    stop = true;
  });
  const { writer } = workerData as { writer: WriterOptions };
  write(
    writer,
    () => stop,
    (account) => parentPort?.postMessage(account),
  );
}
