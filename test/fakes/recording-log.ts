import type { Logger } from '../../src/ports.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
/** Keeps what was logged, with the fields of the children it came from. */
export interface RecordingLog extends Logger {
  readonly lines: readonly LogLine[];
}

export function createRecordingLog(bound: Readonly<Record<string, unknown>> = {}, lines: LogLine[] = []): RecordingLog {
  const at =
    (level: LogLine['level']) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields: { ...bound, ...fields } });
    };
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createRecordingLog({ ...bound, ...fields }, lines),
  };
}
