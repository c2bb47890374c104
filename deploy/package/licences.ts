import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Production } from './production.ts';

const preface = `pmemwatch, and what comes with it.

pmemwatch itself: its authors have not put it under a licence so far (package.json names none). Everything else in this
package is the work of others and keeps its own licence, which follows word for word; the sources are the npm packages of
the same names and versions.
`;

/** One file with the licence of everything that goes along, as Debian and Fedora want it beside the package. */
export function licenceText(installed: string, packages: readonly Production[]): string {
  const parts = packages.map(({ path, name, version, license }) => {
    const texts = licenceFiles(join(installed, path));
    const body = texts.length > 0 ? texts.join('\n\n') : `The package has no file with a licence; it names ${license}.`;
    return `${'='.repeat(100)}\n${name} ${version} (${license})\n${'='.repeat(100)}\n\n${body}\n`;
  });
  return [preface, ...parts].join('\n');
}

/** SPDX expression of all of them, for the License field of rpm. */
export function licenceExpression(packages: readonly Production[]): string {
  const names = [...new Set(packages.map(({ license }) => license))].sort();
  return ['LicenseRef-pmemwatch', ...names.map((name) => (name.includes(' ') ? `(${name})` : name))].join(' AND ');
}

function licenceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?:licen[cs]e|copying|notice)\b/i.test(entry.name))
    .map((entry) => readFileSync(join(folder, entry.name), 'utf8').trim())
    .sort();
}
