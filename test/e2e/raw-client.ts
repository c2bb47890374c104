import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';

export interface Target {
  readonly port: number;
  /** TLS with these options */
  readonly tls?: ConnectionOptions;
  /** the address it comes from: every one of 127.0.0.0/8 is this host */
  readonly from?: string;
}
export interface Got {
  /** of each answer, in order */
  readonly statuses: readonly number[];
  readonly text: string;
  /** why the connection ended, when not in order */
  readonly error?: string;
  readonly ms: number;
}

export function open({ port, tls, from = '127.0.0.1' }: Target): Socket {
  const to = { host: '127.0.0.1', port, localAddress: from };
  return tls === undefined ? connect(to) : connectSecure({ ...to, ...tls });
}

/**
 * Sends bytes as they are, which no HTTP client would, and gathers what comes until the server ends the connection,
 * for `waitMs` at most; pieces are sent one every `everyMs`.
 */
export function sendRaw(
  target: Target,
  pieces: string | readonly string[],
  { waitMs = 3000, everyMs = 0 }: { readonly waitMs?: number; readonly everyMs?: number } = {},
): Promise<Got> {
  const start = performance.now();
  const socket = open(target);
  let text = '';
  let error: string | undefined;
  let sending: NodeJS.Timeout | undefined;
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? cause.message;
  });
  const left = typeof pieces === 'string' ? [pieces] : [...pieces];
  const next = (): void => {
    const piece = left.shift();
    if (piece !== undefined && socket.writable) socket.write(piece, 'latin1');
  };
  next();
  if (left.length > 0) sending = setInterval(next, everyMs);
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => socket.destroy(), waitMs);
    socket.once('close', () => {
      clearTimeout(giveUp);
      clearInterval(sending);
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
      resolve({ statuses, text, ms: performance.now() - start, ...(error === undefined ? {} : { error }) });
    });
  });
}
