import { printable } from '../../../model/printable.ts';

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
export const nothing = markup('');

/** A template tag: what is put in is made printable and escaped, unless `html` itself made it. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let text = strings[0] ?? '';
  pieces.forEach((piece, i) => {
    text += rendered(piece) + (strings[i + 1] ?? '');
  });
  return new Markup(text);
}
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
function rendered(piece: Piece): string {
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'number') return String(piece);
  if (typeof piece === 'object') return piece.map((each) => each.text).join('');
  return printable(piece).replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

/** What stands between backticks as code. */
export function withCode(text: string): readonly Markup[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** What stands for a state besides its colour. */
export type Level = 'bad' | 'warn' | 'fine' | 'unknown';
const signs: Readonly<Record<Level, string>> = { bad: '✖', warn: '▲', fine: '✔', unknown: '?' };
export function badge(level: Level, words: string): Markup {
  return html`<span class="badge ${level}"><span aria-hidden="true">${signs[level]}</span> ${words}</span>`;
}
