import type { ReceiverConfig } from './notifier.ts';

/** Shorter ones are words such as `api` or `hook`, and no secrets. */
const LEAST_CHARACTERS = 8;

/**
 * What a receiver said, without what it was sent to let us in: many a server names the address in its answer ("Cannot POST
 * /hooks/TOKEN") or what it did not like of the headers. Pure.
 */
export function withoutSecrets(text: string, receiver: Pick<ReceiverConfig, 'url' | 'secrets' | 'headers'>): string {
  return secretsOf(receiver).reduce((left, secret) => left.replaceAll(secret, '…'), text);
}

/** The longest first: one can be a part of another. */
function secretsOf({ url, secrets, headers }: Pick<ReceiverConfig, 'url' | 'secrets' | 'headers'>): string[] {
  const texts = [
    ...addressParts(url),
    ...secrets.flatMap((secret) => [secret, secret.replace(/^whsec_/, '')]),
    // the scheme of an `Authorization` is not secret, what follows is
    ...Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]),
  ];
  return [...new Set(texts)].filter((text) => text.length >= LEAST_CHARACTERS).sort((a, b) => b.length - a.length);
}
/** As they are sent, and as a server may write them. */
function addressParts(address: string): string[] {
  if (!URL.canParse(address)) return [address];
  const url = new URL(address);
  const parts = [...url.pathname.split('/'), ...[...url.searchParams].flat(), ...url.search.slice(1).split(/[&=]/)];
  return [address, url.href, url.host, ...parts.flatMap((part) => [part, decoded(part)])];
}
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
