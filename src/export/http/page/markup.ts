/** Markup that is safe to put into a page; everything else is escaped by `html`. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
type Piece = string | number | Markup | readonly Markup[];

/** What is known to be safe: never anything from outside. */
export function markup(text: string): Markup {
  return new Markup(text);
}

/** A template tag: what is put in is escaped, unless `html` itself made it. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let text = strings[0] ?? '';
  pieces.forEach((piece, i) => {
    text += rendered(piece) + (strings[i + 1] ?? '');
  });
  return new Markup(text);
}
function rendered(piece: Piece): string {
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map((each) => each.text).join('');
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return String(piece).replace(/[&<>"']/g, (c) => entities[c] ?? c);
}
