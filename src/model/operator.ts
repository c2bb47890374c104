import type { Incident } from './incident.ts';

/** What somebody asks of an incident. */
export interface OperatorRequest {
  readonly kind: 'acknowledge' | 'close';
  readonly incident: string;
  /** as they name themselves */
  readonly author: string;
  readonly reason: string;
  /** ms since the epoch; of `acknowledge` only, null = until it ends */
  readonly expiresAt: number | null;
  /** how they were let in: `unix socket`, `token NAME` */
  readonly via: string;
}
/** What came of it: `incident` as it is now. */
export type OperatorAnswer =
  | { readonly kind: 'done'; readonly incident: Incident }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'not-found' };
