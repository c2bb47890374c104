import { Readable } from 'node:stream';

const PIECE_CHARS = 64 * 1024;

/**
 * A document with one long list, as text that is made while it is sent: others are answered between two pieces.
 * @param rest what stands beside the list
 */
export function jsonPieces(rest: object, name: string, items: Iterable<unknown>): Readable {
  async function* pieces(): AsyncGenerator<string> {
    let text = `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(name)}:[`;
    let separator = '';
    for (const item of items) {
      text += separator + JSON.stringify(item);
      separator = ',';
      if (text.length < PIECE_CHARS) continue;
      yield text;
      text = '';
      await new Promise((done) => setImmediate(done));
    }
    yield `${text}]}`;
  }
  return Readable.from(pieces(), { objectMode: false });
}
