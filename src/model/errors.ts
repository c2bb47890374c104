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

/**
 * Linux errors that Node has no name for, among them what file systems say of damaged metadata (EUCLEAN, EBADMSG), of an
 * inode that is gone (ESTALE) and of a file whose key is missing (ENOKEY): include/uapi/asm-generic/errno.h.
 */
const UNNAMED: Readonly<Record<string, string>> = {
  35: 'EDEADLK',
  74: 'EBADMSG',
  116: 'ESTALE',
  117: 'EUCLEAN',
  122: 'EDQUOT',
  123: 'ENOMEDIUM',
  126: 'ENOKEY',
  127: 'EKEYEXPIRED',
  128: 'EKEYREVOKED',
  129: 'EKEYREJECTED',
  133: 'EHWPOISON',
};
export function withErrnoNames(text: string): string {
  return text.replaceAll(/Unknown system error -(\d+)/g, (_, number: string) => UNNAMED[number] ?? `E${number}`);
}

/** The errno name (`EIO`) of a Node system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  if (typeof error.code !== 'string') return undefined;
  const code = withErrnoNames(error.code);
  return /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
export function messageOf(error: unknown): string {
  return withErrnoNames(error instanceof Error ? error.message : String(error));
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
