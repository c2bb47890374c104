/** Whether an `Accept` names HTML, and ranks it no lower than JSON (RFC 9110, 12.5.1). `*` alone is a program's: no page. */
export function wantsHtml(accept = ''): boolean {
  const ranks = new Map(
    accept.split(',').map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [type, weight === undefined ? 1 : Number(weight.slice(2))] as const;
    }),
  );
  const html = ranks.get('text/html') ?? 0;
  return html > 0 && ['application/json', 'application/problem+json'].every((type) => html >= (ranks.get(type) ?? 0));
}
