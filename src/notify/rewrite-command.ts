/** The command that writes the damaged pages of a file anew: `f` is the file, `GOOD_COPY` the variable with the copy's path. */
import type { DamagedFile } from './damaged-files.ts';

/** Through the page cache or DAX, past the page cache, or with pages that other files share (reflink) and DAX. */
export type Rewriting = 'pages' | 'blocks' | 'unshared pages';

export interface PageRun {
  readonly page: number;
  readonly count: number;
}
/** The pages that hold the damaged bytes, as runs. */
export function pageRuns(file: Pick<DamagedFile, 'ranges'>, pageBytes: number): PageRun[] {
  const runs: { page: number; count: number }[] = [];
  for (const { offset, length } of file.ranges) {
    const first = Math.floor(offset / pageBytes);
    const last = Math.floor((offset + Math.max(1, length) - 1) / pageBytes);
    const before = runs.at(-1);
    if (before !== undefined && first <= before.page + before.count) {
      before.count = Math.max(before.count, last - before.page + 1);
    } else runs.push({ page: first, count: last - first + 1 });
  }
  return runs;
}

/**
 * A write that stops at the end of the file covers no whole page, clears nothing and fails. Where the file ends is not
 * known here, and it may grow: so `sync` pads the last page, and the file gets its length back. A page that is shared
 * cannot be written through DAX where the kernel copies the old one first (6.12): it is taken out of this file then.
 */
export function rewriteCommand(runs: readonly PageRun[], how: Rewriting, pageBytes: number): string {
  const write = (skip: string | number, count: string | number): string =>
    `dd if="\${GOOD_COPY:?}" of="$f" bs=${pageBytes} skip=${skip} seek=${skip} count=${count} conv=notrunc,sync,fsync${how === 'blocks' ? ' oflag=direct' : ''}`;
  const size = `s=$(stat -c %s "$f")`;
  const back = `truncate -s "$s" "$f"`;
  if (how !== 'unshared pages') return `${size} && ${runs.map((r) => write(r.page, r.count)).join(' && ')}; ${back}`;
  const each = runs.map(
    ({ page, count }) =>
      `{ w ${page} ${count} || { fallocate -p -o ${page * pageBytes} -l ${count * pageBytes} "$f" && w ${page} ${count}; }; }`,
  );
  return `w() { ${write('$1', '$2')}; }; ${size} && [ -r "\${GOOD_COPY:?}" ] && ${each.join(' && ')}; ${back}`;
}
