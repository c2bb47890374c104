import type { Transform } from 'node:stream';
import { build } from 'pino-pretty';

/** Log lines for people at a terminal, on standard error. Loaded only when asked for: JSON logs need none of it. */
export function prettyStream(color: boolean): Transform {
  return build({ destination: 2, sync: true, colorize: color });
}
