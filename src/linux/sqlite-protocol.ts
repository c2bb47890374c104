import type { SqlStatement, SqlValue } from '../ports.ts';

export interface SqliteWorkerOptions {
  readonly file: string;
  readonly readOnly: boolean;
}
export type SqlRow = Readonly<Record<string, SqlValue>>;
export type SqliteRequest =
  | { readonly id: number; readonly op: 'transaction'; readonly statements: readonly SqlStatement[] }
  | { readonly id: number; readonly op: 'query'; readonly statement: SqlStatement }
  | { readonly id: number; readonly op: 'close' };
export type SqliteAnswer =
  | { readonly id: number; readonly ok: true; readonly rows: readonly SqlRow[] }
  | { readonly id: number; readonly ok: false; readonly sqlite: string; readonly message: string };
/** id of the answer that tells how opening went */
export const OPENING = 0;
