import type { ErrorCode } from './errors.ts';

/** Every reading is one of these three. Unreadable is never clean: only `ok` may prove that something is gone. */
export type Observation<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly errno?: string; readonly reason: string };

export function ok<T>(value: T): Observation<T> {
  return { kind: 'ok', value };
}
export function unsupported(reason: string): Observation<never> {
  return { kind: 'unsupported', reason };
}
export function failed(code: ErrorCode, reason: string, errno?: string): Observation<never> {
  return errno === undefined ? { kind: 'failed', code, reason } : { kind: 'failed', code, reason, errno };
}
