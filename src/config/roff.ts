/** Pages of the manual: man(7), in characters that every formatter knows. */

/** A text of one paragraph; a line that begins with a dot or an apostrophe is no request. */
export function roffText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('"', '\\(dq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('…', '...')
    .replaceAll('–', '\\(en')
    .replaceAll('“', '\\(lq')
    .replaceAll('”', '\\(rq');
  return escaped
    .replace(/^(?=[.'])/gm, '\\&')
    .replace(/[^\x20-\x7e\n]/g, (c) => `\\[u${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`);
}

export function bold(text: string): string {
  return `\\fB${roffText(text)}\\fR`;
}
export function italic(text: string): string {
  return `\\fI${roffText(text)}\\fR`;
}

export function section(title: string, ...blocks: readonly string[]): string {
  return [`.SH ${title}`, ...blocks].join('\n');
}
/** Terms with what they mean, each term formatted already. */
export function tagged(rows: readonly (readonly [term: string, text: string])[]): string {
  return rows.map(([term, text]) => `.TP\n${term}\n${roffText(text)}`).join('\n');
}
/** Lines as they are. */
export function verbatim(lines: readonly string[]): string {
  return ['.nf', ...lines.map(roffText), '.fi'].join('\n');
}
export function title(name: string, chapter: number, group: string): string {
  return `.TH ${name.toUpperCase()} ${chapter} "" "pmemwatch" "${group}"`;
}
