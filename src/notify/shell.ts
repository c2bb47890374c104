/** A backtick is not: steps stand between two of them. */
const printable = /^[ -_a-~]*$/;
const plain = /^[A-Za-z0-9_/.,:@%+=-]+$/;

/**
 * `f=/pg/base/1`: a command of any POSIX shell after which the variable holds exactly these bytes. One line of printable
 * ASCII without a backtick, whatever the bytes.
 */
export function shellSet(variable: string, raw: Uint8Array): string {
  const text = Buffer.from(raw).toString('latin1');
  if (plain.test(text)) return `${variable}=${text}`;
  if (printable.test(text)) return `${variable}='${text.replaceAll("'", "'\\''")}'`;
  const format = Array.from(raw, escaped).join('');
  // the shell drops newlines at the end of what a command prints
  if (!text.endsWith('\n')) return `${variable}=$(printf '${format}')`;
  return `${variable}=$(printf '${format}x'); ${variable}=\${${variable}%x}`;
}

/** As printf(1) takes it for its format, within single quotes. */
function escaped(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '%') return '%%';
  if (character === '\\') return '\\\\';
  if (character !== "'" && printable.test(character)) return character;
  return `\\${byte.toString(8).padStart(3, '0')}`;
}
