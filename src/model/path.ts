/**
 * Linux paths are bytes. In memory and in JSON a path is shown as text (bytes that are not valid UTF-8 escaped as
 * `\xNN`) and carried exactly as base64 beside it.
 */
export interface PathName {
  readonly text: string;
  readonly base64: string;
}

const strict = new TextDecoder('utf-8', { fatal: true });

export function pathFromBytes(raw: Uint8Array): PathName {
  return { text: textOfBytes(raw), base64: Buffer.from(raw).toString('base64') };
}
export function pathFromText(text: string): PathName {
  return { text, base64: Buffer.from(text, 'utf8').toString('base64') };
}
export function bytesOfPath(path: PathName): Buffer {
  return Buffer.from(path.base64, 'base64');
}

/** Valid UTF-8 as it is; otherwise every byte that is not part of a valid sequence as `\xNN`. */
export function textOfBytes(raw: Uint8Array): string {
  try {
    return strict.decode(raw);
  } catch {
    let text = '';
    for (let i = 0; i < raw.length; ) {
      const length = sequenceLength(raw, i);
      if (length === 0) text += `\\x${(raw[i++] as number).toString(16).padStart(2, '0')}`;
      else {
        text += strict.decode(raw.subarray(i, i + length));
        i += length;
      }
    }
    return text;
  }
}

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(raw: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= raw.length; length++) {
    try {
      strict.decode(raw.subarray(at, at + length));
      return length;
    } catch {
      // not valid with this many bytes: try one more
    }
  }
  return 0;
}
