/** When something is to happen again and again. Made from a cron expression by `config/cron.ts`. */
export interface Schedule {
  /** as written */
  readonly text: string;
  /** the first time after `at` (both ms since the epoch); undefined when there is none any more */
  next(at: number): number | undefined;
}
