import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Architecture, Plan } from './plan.ts';
import { run } from './run.ts';

/** The newest version of each library's interface that the binaries ask for: what a host must have. */
export interface LibraryNeeds {
  /** `2.28` of GLIBC_2.28 */
  readonly glibc: string;
  /** `3.4.21` of GLIBCXX_3.4.21 */
  readonly glibcxx: string;
  /** `3.4` of GCC_3.4 */
  readonly gcc: string;
}

/** Node of the npm package, without the tables that only debuggers read. */
export function layNode(installed: string, { architecture }: Plan, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(installed, `node_modules/node-linux-${architecture.node}/bin/node`), to);
  chmodSync(to, 0o755);
  run(binutil('strip', architecture), ['--strip-unneeded', to]);
}

/** What dynamic linking of these files asks for. @throws Error when one of the libraries is not asked for at all */
export function libraryNeeds(files: readonly string[], architecture: Architecture): LibraryNeeds {
  const text = files.map((file) => run(binutil('readelf', architecture), ['-V', '-W', file])).join('\n');
  return { glibc: newest(text, 'GLIBC'), glibcxx: newest(text, 'GLIBCXX'), gcc: newest(text, 'GCC') };
}

function newest(text: string, library: string): string {
  const versions = [...text.matchAll(new RegExp(`\\bName: ${library}_(\\d[\\d.]*)`, 'g'))].map(
    ([, version = '']) => version,
  );
  const [last] = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).reverse();
  if (last === undefined) throw new Error(`no binary asks for ${library}: the reader of readelf is broken`);
  return last;
}

function binutil(name: string, { node, tools }: Architecture): string {
  return node === process.arch ? name : `${tools}${name}`;
}
