import { errnoOf } from '../model/errors.ts';
import type { PathName } from '../model/path.ts';
import type { OpenKind } from '../ports.ts';

/** A descriptor, or why there is none. */
export type OpenedOrWhy =
  | { readonly kind: 'ok'; readonly fd: number }
  | { readonly kind: 'failed'; readonly errno: string; readonly reason: string };

/** Opens what somebody asked for by its path. */
export type OpensAsked = (path: PathName, kind: OpenKind) => OpenedOrWhy;

/** What has no errno is a bug and goes on. */
export function attempt(open: () => number, reasonOf?: (errno: string) => string | undefined): OpenedOrWhy {
  try {
    return { kind: 'ok', fd: open() };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { kind: 'failed', errno, reason: reasonOf?.(errno) ?? `cannot be opened (${errno})` };
  }
}
