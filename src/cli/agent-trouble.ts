/** What went wrong between a command and the agent, in one line that says what to do. */
import { AgentError, errnoOf, messageOf } from '../model/errors.ts';
import type { AgentConnection } from './agent-connection.ts';

/** Whether no agent was met at all: none is there, or this user may not ask it. */
export function isUnmet(error: AgentError): boolean {
  return error.context['unmet'] === true;
}
/** Whether none is there: nothing listens. */
export function isAbsent(error: AgentError): boolean {
  return isUnmet(error) && (error.context['errno'] === 'ENOENT' || error.context['errno'] === 'ECONNREFUSED');
}

export function unreachable(connection: AgentConnection, cause: unknown): AgentError {
  const code = codeOf(cause);
  const isSocket = 'socketPath' in connection.request;
  const advice = isSocket ? socketAdvice(errnoOf(cause)) : addressAdvice(code, connection);
  return new AgentError('PROBE', `no answer on ${connection.name} (${code ?? messageOf(cause)}): ${advice}`, {
    cause,
    context: { unmet: true, errno: code },
  });
}

function socketAdvice(errno: string | undefined): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return 'run it as root or as a member of the group pmemwatch';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the agent broke off: see its log, and ask again';
    default:
      return 'is the agent running? --socket names another place, --agent an address';
  }
}

/** https://docs.openssl.org/master/man1/openssl-verification-options/ has the reasons of certificates, as Node.js calls them. */
function addressAdvice(code: string | undefined, { request }: AgentConnection): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'is the agent running there, and does it listen on this address (--web.listen-address)?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name is not known: check --agent';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return 'the host cannot be reached from here: check --agent, routes and firewalls';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'nobody who is trusted here vouches for its certificate: name its authority with --ca-file';
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired: have it renewed';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet: compare the clocks';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name: use that one in --agent';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'it does not speak TLS there: try http';
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
      return 'it lets in only who shows a certificate: name one with --cert-file and --key-file';
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
    case 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
      return 'it does not take the certificate of --cert-file: use one of an authority that it trusts';
    case 'ECONNRESET':
    case 'HPE_INVALID_CONSTANT':
      if (request.protocol === 'http:') return 'does it speak TLS? Try https';
      return 'cert' in request
        ? 'it broke off: maybe it does not take the certificate of --cert-file; see the log of the agent'
        : 'it broke off: see the log of the agent';
    default:
      return 'check --agent, and see the log of the agent';
  }
}

/** Node's own names of errors say more than an errno. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** An answer that is none. @param text what the agent said of it */
export function refusedBy(connection: AgentConnection, status: number, text: string, path: string): AgentError {
  return new AgentError('PROBE', refusal(connection, status, detailOf(text), path), { context: { status } });
}

function refusal({ name, hasCredentials }: AgentConnection, status: number, detail: string | undefined, path: string) {
  const said = `the agent answered ${status}`;
  if (status === 401 && hasCredentials) {
    return `${said}: it does not know this token or login, or it does not let in here: ${detail ?? 'check them'}`;
  }
  if (status === 401) return `${said}: name a token with --token-file: ${detail ?? `${name} wants to know who asks`}`;
  if (status >= 300 && status < 400)
    return `${name} answered ${status}: it is elsewhere now: name that address in --agent`;
  // what no route takes is answered so; a route that does not find something says what
  if (status === 404 && (detail === undefined || detail.startsWith('Nothing is served here'))) {
    return `${name} does not know ${path.replace(/\?.*$/, '')}: it is older than this command, or no pmemwatch agent`;
  }
  return `${said}: ${detail ?? 'see its log'}`;
}

/** Of a problem document (RFC 9457). */
function detailOf(text: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) return String(problem.detail);
  } catch {
    // some other server, or a proxy: the status has to do
  }
  return undefined;
}
