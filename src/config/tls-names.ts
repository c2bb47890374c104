/** What Go calls things of TLS (package crypto/tls), as OpenSSL does. */

import type { ClientAuth, TlsVersion } from '../model/web-rules.ts';

const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const;

/** Those up to TLS 1.2. The last four have no forward secrecy: Go took them until 1.21. */
const tls12Suites = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
} as const;

export const suiteNames: readonly string[] = [...tls13Suites, ...Object.keys(tls12Suites)];
export const curveNames = ['CurveP256', 'CurveP384', 'CurveP521', 'X25519'] as const;
export const versionNames = ['TLS13', 'TLS12', 'TLS11', 'TLS10'] as const;

const curves = { CurveP256: 'P-256', CurveP384: 'P-384', CurveP521: 'P-521', X25519: 'X25519' } as const;

/** `RequireClientCert` is what `RequireAnyClientCert` was called once. */
export const clientAuthTypes = {
  NoClientCert: 'none',
  RequestClientCert: 'request',
  RequireAnyClientCert: 'any',
  RequireClientCert: 'any',
  VerifyClientCertIfGiven: 'if-given',
  RequireAndVerifyClientCert: 'verify',
} as const satisfies Readonly<Record<string, ClientAuth>>;

/** As Go does, every suite of TLS 1.3 stays: its list is about older versions only. */
export function opensslCiphers(names: readonly string[]): string {
  const older = names.flatMap((name) => tls12Suites[name as keyof typeof tls12Suites] ?? []);
  return [...tls13Suites, ...older].join(':');
}
export function opensslCurves(names: readonly (keyof typeof curves)[]): string {
  return names.map((name) => curves[name]).join(':');
}
/** The oldest that this program speaks, where an older one is named. */
export function tlsVersion(name: (typeof versionNames)[number]): TlsVersion {
  return name === 'TLS13' ? 'TLSv1.3' : 'TLSv1.2';
}
