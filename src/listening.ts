import type { Settings } from './config/load.ts';
import type { createServer } from './export/http/server.ts';
import { AgentError } from './model/errors.ts';
import { type PassedSocket, urlOfAddress } from './model/listen-address.ts';
import type { Logger } from './ports.ts';

const DEFAULT_SOCKET = '/run/pmemwatch/api.sock';

/**
 * Every TCP address must work; the default unix socket is done without where its directory is missing. Sockets that were
 * passed stand in for those of their kind that are configured.
 */
export async function listen(
  server: Awaited<ReturnType<typeof createServer>>,
  settings: Settings,
  passed: readonly PassedSocket[],
  log: Logger,
): Promise<string[]> {
  const [passedUnix = [], passedTcp = []] = [true, false].map((isUnix) =>
    passed.filter(({ path }) => (path !== null) === isUnix),
  );
  const tcp = await server.listen(passedTcp.length > 0 ? passedTcp : settings.listen);
  const scheme = settings.webRules.tls === undefined ? 'http' : 'https';
  const addresses = tcp.map((address) => `${scheme}://${address}`);
  for (const address of addresses) log.info({ address }, 'listening');
  if (passedUnix.length > 0) {
    const paths = await server.listen(passedUnix);
    for (const address of paths) log.info({ address }, 'listening');
    return [...addresses, ...paths];
  }
  const { socket } = settings.config.api;
  if (socket === undefined) return addresses;
  try {
    await server.listen([{ kind: 'unix', path: socket }]);
    log.info({ address: socket }, 'listening');
    return [...addresses, socket];
  } catch (error) {
    if (socket !== DEFAULT_SOCKET || !(error instanceof AgentError)) throw error;
    log.warn({ reason: error.message }, 'no unix socket: file names can be read with a token only');
    return addresses;
  }
}

/** Where people open the page: as configured, else as far as the agent knows it; null for a port that is chosen at the start. */
export function pageOf({ config, listen, webRules }: Settings): string | null {
  if (config.web.externalUrl !== undefined) return config.web.externalUrl;
  const [first] = listen;
  return first === undefined || first.port === 0 ? null : urlOfAddress(first, webRules.tls !== undefined);
}
