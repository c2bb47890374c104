/** The rows of docs/recovery-model.md that steps are made from; a test keeps the two together. */
export const recoveryRows = [
  'dax-write',
  'block-write',
  'dax-shared',
  'shared-write',
  'btrfs-write',
  'btrfs-scrub',
  'md-check',
  'device-write',
  'devdax-clear',
  'free-zero',
  'free-next-owner',
  'left-free',
  'cannot-clear',
  'unwritten',
  'page-cache',
  'metadata',
  'deleted-open',
  'namespace-anew',
] as const;
export type RecoveryRow = (typeof recoveryRows)[number];

/** A step ends with the row that says why it works and which test has shown it. */
export function citing(row: RecoveryRow, text: string): string {
  return `${text} [${row}]`;
}
