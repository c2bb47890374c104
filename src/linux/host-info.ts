import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostFacts } from '../model/host.ts';
import type { HostInfo } from '../ports.ts';
import { nodeFlags } from './node-flags.ts';

const LIMIT_MS = 5_000;
const MAX_REPORT_BYTES = 64 * 1024;
const UNKNOWN = 'unknown';

interface Report {
  readonly name: string | null;
  readonly os: string | null;
  readonly kernel: string | null;
  readonly product: string | null;
}
const NOTHING: Report = { name: null, os: null, kernel: null, product: null };

/**
 * Who this host is: ids from `<rootfs>/etc/machine-id` (machine-id(5)) and `<procfs>/sys/kernel/random/boot_id`
 * (random(4)), the rest from systeminformation. With another root (a container that looks at its host) name and
 * operating system come from there: systeminformation would describe the container.
 */
export function createHostInfo(roots: { readonly rootfs: string; readonly procfs: string }): HostInfo {
  return {
    async read(): Promise<HostFacts> {
      const foreign = roots.rootfs !== '/';
      const [machineId, bootId, report, hostname, release] = await Promise.all([
        readText(join(roots.rootfs, 'etc/machine-id')),
        readText(join(roots.procfs, 'sys/kernel/random/boot_id')),
        readReport(),
        foreign ? readText(join(roots.rootfs, 'etc/hostname')) : null,
        foreign ? readText(join(roots.rootfs, 'etc/os-release')) : null,
      ]);
      return {
        name: hostname ?? report.name ?? UNKNOWN,
        // systemd writes `uninitialized` there until the first boot has made one
        machineId: machineId === null || machineId === 'uninitialized' ? UNKNOWN : machineId,
        bootId: bootId ?? UNKNOWN,
        product: report.product,
        os: release === null ? report.os : prettyName(release),
        kernel: report.kernel,
      };
    },
  };
}

async function readText(file: string): Promise<string | null> {
  try {
    const text = (await readFile(file, { encoding: 'utf8', signal: AbortSignal.timeout(LIMIT_MS) })).trim();
    return text === '' ? null : text;
  } catch {
    // absent or unreadable: not known
    return null;
  }
}

/** In a process of its own: the library holds 8 MB for as long as it is loaded, and it starts programs that may hang. */
function readReport(): Promise<Report> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`./host-info-child.${extension}`, import.meta.url));
  return new Promise((done) => {
    const options = { timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_REPORT_BYTES } as const;
    execFile(process.execPath, [...nodeFlags, entry], options, (error, stdout) => {
      done(error === null ? parseReport(stdout) : NOTHING);
    });
  });
}
function parseReport(text: string): Report {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return NOTHING;
  }
  const fields = new Map(Object.entries(typeof raw === 'object' && raw !== null ? raw : {}));
  const field = (name: keyof Report) => {
    const value = fields.get(name);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return { name: field('name'), os: field('os'), kernel: field('kernel'), product: field('product') };
}
/** os-release(5): PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" */
function prettyName(release: string): string | null {
  return /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(release)?.[1] ?? null;
}
