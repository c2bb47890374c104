/** Who is let in over TCP, and how; what `--web.config.file` says, with the files that it names. */
export interface WebRules {
  /** absent: plain HTTP */
  readonly tls?: TlsRules;
  /** of every answer; names as written */
  readonly headers: Readonly<Record<string, string>>;
  /** bcrypt hashes by user; empty: no password is asked for */
  readonly users: ReadonlyMap<string, string>;
  readonly rate?: RateRule;
}

export interface TlsRules {
  /** PEM: the certificate, and those between it and its authority */
  readonly cert: string;
  /** PEM */
  readonly key: string;
  /** PEM; absent: the authorities that Node.js knows */
  readonly clientCa?: string;
  readonly clientAuth: ClientAuth;
  /** one of these is to be among the names of a client's certificate */
  readonly clientNames?: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names with colons between; absent: the defaults of Node.js */
  readonly ciphers?: string;
  readonly preferOwnCiphers: boolean;
  /** OpenSSL's names with colons between, the first preferred */
  readonly curves?: string;
}
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** `any`: a certificate must be shown, whoever made it. `if-given`: one that is shown must be good. */
export type ClientAuth = 'none' | 'request' | 'any' | 'if-given' | 'verify';

/** A token bucket that all requests share: `burst` at once, then one each `intervalMs`. */
export interface RateRule {
  readonly intervalMs: number;
  readonly burst: number;
}

export const openRules: WebRules = { headers: {}, users: new Map() };
