import { constants } from 'node:crypto';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { ClientAuth, TlsRules } from '../../model/web-rules.ts';

/** What new connections get: of the rules, all but whom a certificate is asked of. */
export function secureContextOptions(rules: TlsRules): SecureContextOptions {
  const { cert, key, clientCa, ciphers, curves, minVersion, maxVersion } = rules;
  return {
    cert,
    key,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    minVersion,
    maxVersion,
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(curves === undefined ? {} : { ecdhCurve: curves }),
    honorCipherOrder: rules.preferOwnCiphers,
    // a resumed session would carry over what was found out about a certificate when it was not yet expired
    ...(rules.clientAuth === 'none' ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

/** Why a client is not let in, for the log; undefined when it is. The names of its certificate are compared as Go does: whole and exactly. */
export function whyRefused(socket: TLSSocket, { clientAuth, clientNames }: TlsRules): string | undefined {
  if (clientAuth === 'none') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return needsCertificate(clientAuth) ? 'it shows no certificate' : undefined;
  }
  if ((clientAuth === 'verify' || clientAuth === 'if-given') && !socket.authorized) {
    return `its certificate is not good: ${String(socket.authorizationError)}`;
  }
  if (clientNames !== undefined && !namesOf(certificate.subjectAltName).some((name) => clientNames.includes(name))) {
    return 'its certificate has none of client_allowed_sans';
  }
  return undefined;
}
function needsCertificate(auth: ClientAuth): boolean {
  return auth === 'any' || auth === 'verify';
}

/** Of `DNS:a.example.org, IP Address:192.0.2.1, URI:spiffe://x`; a name with a comma or a quote comes as a JSON string. */
export function namesOf(subjectAltName: string | undefined): string[] {
  const entries = (subjectAltName ?? '').matchAll(/(?:^|, )(DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...entries].map(([, kind, value = '']) => {
    const name = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    return kind === 'IP Address' ? plainAddress(name) : name;
  });
}
/** `0:0:0:0:0:0:0:1` is written `::1` by everybody else. */
function plainAddress(address: string): string {
  const url = address.includes(':') ? `http://[${address}]` : '';
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : address;
}
