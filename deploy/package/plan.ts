import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

export const checkout = join(import.meta.dirname, '../..');

/** One processor architecture by the names that npm, Debian and rpm have for it. */
export interface Architecture {
  readonly node: 'x64' | 'arm64';
  readonly deb: string;
  readonly rpm: string;
  /** what the names of its binutils begin with, where they are not the build host's own */
  readonly tools: string;
}
export const architectures: readonly Architecture[] = [
  { node: 'arm64', deb: 'arm64', rpm: 'aarch64', tools: 'aarch64-linux-gnu-' },
  { node: 'x64', deb: 'amd64', rpm: 'x86_64', tools: 'x86_64-linux-gnu-' },
];

/** What is built, the same for every kind of package. */
export interface Plan {
  readonly version: string;
  /** commit of the sources; empty where it is not known */
  readonly revision: string;
  /** seconds since 1970: the time of every file, SOURCE_DATE_EPOCH of https://reproducible-builds.org */
  readonly epoch: number;
  readonly architecture: Architecture;
  /** who answers for the packages: `Name <address>` */
  readonly packager: string;
  /** compresses fast instead of well: for packages that only a test will unpack */
  readonly quick: boolean;
}

export function makePlan(asked: {
  readonly arch?: string | undefined;
  readonly version?: string | undefined;
  readonly revision?: string | undefined;
  readonly quick: boolean;
}): Plan {
  const arch = asked.arch ?? process.arch;
  const architecture = architectures.find(({ node, deb, rpm }) => [node, deb, rpm].includes(arch));
  if (architecture === undefined) throw new Error(`no packages for ${arch}: x64 and arm64 it can be`);
  const version = asked.version ?? readVersion();
  // letters that are no part of a version to Debian, to rpm, or to both
  if (!/^\d[\w.~+]*$/.test(version)) throw new Error(`${version} is no version for packages`);
  const revision = asked.revision ?? fromGit(['rev-parse', 'HEAD']) ?? '';
  const packager = process.env['PMEMWATCH_PACKAGER'] ?? 'pmemwatch <root@localhost>';
  return { version, revision, epoch: epoch(), architecture, packager, quick: asked.quick };
}

function readVersion(): string {
  return (JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { readonly version: string }).version;
}

function epoch(): number {
  const given = process.env['SOURCE_DATE_EPOCH'] ?? fromGit(['log', '-1', '--format=%ct']);
  const seconds = Number(given ?? Math.floor(statSync(join(checkout, 'package.json')).mtimeMs / 1000));
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw new Error(`SOURCE_DATE_EPOCH is ${given}: no seconds`);
  return seconds;
}

function fromGit(args: readonly string[]): string | undefined {
  try {
    return run('git', ['-C', checkout, ...args]).trim();
  } catch {
    // sources from an archive, or no git
    return undefined;
  }
}
