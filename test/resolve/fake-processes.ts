import type { FileStatus, FilesystemIo } from '../../src/ports.ts';
import { memoryIo } from './memory-io.ts';

export interface FakeFile {
  /** what its link in fd says */
  readonly link: string;
  readonly devNumber: string;
  readonly inode: string;
  readonly mountId?: number;
  readonly mode?: number;
  /** of a device node */
  readonly deviceNumber?: string;
}
export interface FakeProcess {
  readonly pid: number;
  readonly command?: string;
  readonly cgroup?: string;
  /** lines as proc shows them; an errno for one that may not be read; 'hangs' for one that does not answer */
  readonly maps?: string | { readonly errno: string };
  /** numbers of descriptors -> files; an errno for a table that may not be read */
  readonly fds?: Readonly<Record<string, FakeFile>> | { readonly errno: string };
  /** names in map_files -> files */
  readonly mapFiles?: Readonly<Record<string, FakeFile>>;
  /** other threads, which show what the first no longer does */
  readonly threads?: readonly FakeProcess[];
  /** other files below its folder, such as `mountinfo` */
  readonly files?: Readonly<Record<string, string>>;
  /** `ns/mnt` and others */
  readonly links?: Readonly<Record<string, string>>;
}

export function failure(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno });
}

/** One line of maps: hex address of its first byte, length and file offset. */
export function mapLine(
  file: FakeFile,
  { at = 0x7f0000000000n, length = 0x2000, offset = 0, perms = 'rw-s' } = {},
): string {
  const hex = (n: number | bigint, width: number): string => n.toString(16).padStart(width, '0');
  const [major, minor] = file.devNumber.split(':').map(Number) as [number, number];
  const place = `${hex(at, 8)}-${hex(at + BigInt(length), 8)} ${perms} ${hex(offset, 8)} ${hex(major, 2)}:${hex(minor, 2)}`;
  return [`${place} ${file.inode} `.padEnd(73), file.link, '\n'].join('');
}

/** A procfs of these processes; `asked` collects the descriptors whose files were looked at. */
export function fakeProcesses(
  processes: readonly FakeProcess[],
  files: Readonly<Record<string, string>> = {},
): FilesystemIo & { readonly asked: string[] } {
  const asked: string[] = [];
  const byPath = new Map<string, FakeProcess>();
  for (const process of processes) {
    byPath.set(String(process.pid), process);
    for (const thread of process.threads ?? []) byPath.set(`${process.pid}/task/${thread.pid}`, thread);
  }
  const find = (path: string): { process: FakeProcess; rest: string } => {
    const match = /^(\d+(?:\/task\/\d+)?)\/(.+)$/.exec(path);
    const process = byPath.get(match?.[1] ?? '');
    if (process === undefined) throw failure('ENOENT');
    return { process, rest: match?.[2] ?? '' };
  };
  const fileAt = (path: string): FakeFile => {
    const { process, rest } = find(path);
    const [folder, name = ''] = rest.split('/');
    const { fds = {}, mapFiles = {} } = process;
    const file =
      folder === 'map_files' ? mapFiles[name] : 'errno' in fds ? undefined : (fds as Record<string, FakeFile>)[name];
    if (file === undefined)
      throw failure(folder === 'map_files' && process.mapFiles === undefined ? 'EPERM' : 'ENOENT');
    return file;
  };
  const read = (path: string): Buffer => {
    if (files[path] !== undefined) return Buffer.from(files[path] as string, 'latin1');
    const { process, rest } = find(path);
    if (rest === 'comm') return Buffer.from(`${process.command ?? 'program'}\n`);
    if (rest === 'cgroup') return Buffer.from(process.cgroup ?? '0::/\n');
    if (rest === 'maps') {
      const { maps = '' } = process;
      if (typeof maps !== 'string') throw failure(maps.errno);
      return Buffer.from(maps, 'latin1');
    }
    if (rest.startsWith('fdinfo/')) {
      const file = fileAt(path.replace('fdinfo/', 'fd/'));
      const lines = [`pos:\t0\nflags:\t02\nmnt_id:\t${file.mountId ?? 30}\nino:\t${file.inode}\n`];
      return Buffer.from(lines.join(''));
    }
    const text = process.files?.[rest];
    if (text === undefined) throw failure('ENOENT');
    return Buffer.from(text, 'latin1');
  };
  return {
    ...memoryIo(Buffer.alloc(0)),
    asked,
    listProc(path) {
      if (path === '') return ['1x', 'self', 'sys', ...processes.map((p) => String(p.pid))];
      const { process, rest } = find(path);
      if (rest === 'task') return [process.pid, ...(process.threads ?? []).map((t) => t.pid)].map(String);
      const { fds = {} } = process;
      if ('errno' in fds && typeof fds.errno === 'string') throw failure(fds.errno);
      return Object.keys(fds);
    },
    readProc: read,
    async readProcWithin(path) {
      const { process } = find(path);
      if (typeof process.maps === 'object' && process.maps.errno === 'ETIMEDOUT') throw failure('ETIMEDOUT');
      return read(path);
    },
    linksProc(path) {
      const { process } = find(path);
      const { fds = {} } = process;
      if ('errno' in fds && typeof fds.errno === 'string') throw failure(fds.errno);
      const links = Object.entries(fds as Record<string, FakeFile>);
      const paths = links.filter(([, { link }]) => link.startsWith('/'));
      return {
        count: links.length,
        paths: paths.map(([name, { link }]) => ({ name, target: Buffer.from(link, 'latin1') })),
      };
    },
    linkProc(path) {
      const { process, rest } = find(path);
      const shows = process.maps !== undefined || process.fds !== undefined;
      const program = rest === 'exe' && shows ? '/usr/bin/program' : undefined;
      const link = process.links?.[rest] ?? program;
      return link === undefined ? undefined : Buffer.from(link, 'latin1');
    },
    statusProc(path): FileStatus {
      if (path.endsWith('/task')) {
        const threads = 1 + (find(path).process.threads?.length ?? 0);
        return { devNumber: '0:23', inode: '1', mode: 0o40555, deviceNumber: '0:0', linkCount: 2 + threads, size: 0 };
      }
      asked.push(path);
      const { devNumber, inode, mode = 0o100644, deviceNumber = '0:0' } = fileAt(path);
      return { devNumber, inode, mode, deviceNumber, linkCount: 1, size: 0 };
    },
  };
}
