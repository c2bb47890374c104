/** Where a server listens; TCP without a host listens on every address. */
export type TcpAddress = { readonly kind: 'tcp'; readonly host?: string; readonly port: number };
export type ListenAddress = TcpAddress | { readonly kind: 'unix'; readonly path: string };

/** A socket that listens already, handed over by whoever started the process; `path` is null for TCP. */
export type PassedSocket = { readonly kind: 'passed'; readonly fd: number; readonly path: string | null };

/** `127.0.0.1:9915`, `:9915` (every address), `[::1]:9915`, `localhost:9915`, `/run/pmemwatch/api.sock`; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  const [, bracketed, plain] = match;
  if (bracketed !== undefined && !bracketed.includes(':')) return undefined;
  const host = bracketed ?? plain ?? '';
  return host === '' ? { kind: 'tcp', port } : { kind: 'tcp', host, port };
}

/** `http://[::1]:9915`; without a host, of this one. */
export function urlOfAddress({ host = 'localhost', port }: TcpAddress, isSecure = false): string {
  return `http${isSecure ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
