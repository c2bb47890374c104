/** Closed set: the code is a metric and log label. */
export type ErrorCode =
  | 'SYSFS_READ'
  | 'SYSFS_PARSE'
  | 'PROCFS_READ'
  | 'DEVICE_STUCK'
  | 'IOCTL'
  | 'CODEC_REPLY'
  | 'PROBE'
  | 'RESOLVE'
  | 'STATE_FILE'
  | 'STATE_NEWER'
  | 'CONFIG'
  | 'USAGE'
  | 'LISTEN'
  | 'DELIVERY';

/** A broken promise of the outside world, with what to do about it in its message. Bugs throw plain errors. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: ErrorCode;
  readonly context: Readonly<Record<string, unknown>>;
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; context?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** The errno name (`EIO`) of a Node system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
/** Undefined where the system refuses: what ended meanwhile, or is not ours to see. A bug is thrown all the same. */
export function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
