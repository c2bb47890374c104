/** Lines of bounded length from a stream of chunks; `overflow` is called once, after which nothing is taken. */
export function createLineReader(
  maxBytes: number,
  onLine: (line: string) => void,
  overflow: () => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  let closed = false;
  return (chunk) => {
    let rest = chunk;
    while (!closed && rest.length > 0) {
      const end = rest.indexOf(0x0a);
      const piece = end < 0 ? rest : rest.subarray(0, end);
      if (held + piece.length > maxBytes) {
        closed = true;
        parts = [];
        overflow();
        return;
      }
      if (end < 0) {
        parts.push(piece);
        held += piece.length;
        return;
      }
      const line = parts.length === 0 ? piece : Buffer.concat([...parts, piece]);
      parts = [];
      held = 0;
      rest = rest.subarray(end + 1);
      if (line.length > 0) onLine(line.toString('utf8'));
    }
  };
}
