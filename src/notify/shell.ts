/** Exact names for a shell: bytes that are not printable ASCII go into $'…' (bash, ksh, zsh, and POSIX sh since 2024). */
export function shellQuote(raw: Uint8Array): string {
  if (raw.every(isPlain) && raw.length > 0) return Buffer.from(raw).toString('latin1');
  if (raw.every(isPrintable)) return `'${Buffer.from(raw).toString('latin1').replaceAll("'", "'\\''")}'`;
  let text = '';
  for (const byte of raw) text += escaped(byte);
  return `$'${text}'`;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
function isPlain(byte: number): boolean {
  return isPrintable(byte) && /[A-Za-z0-9_/.,:@%+=-]/.test(String.fromCharCode(byte));
}
function escaped(byte: number): string {
  switch (byte) {
    case 0x0a:
      return '\\n';
    case 0x09:
      return '\\t';
    case 0x27:
      return "\\'";
    case 0x5c:
      return '\\\\';
    default:
      return isPrintable(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
}
