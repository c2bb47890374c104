import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Passwords } from '../../ports.ts';
import { clientNetwork } from './client-network.ts';
import { HttpProblem } from './problem.ts';

/** How many answers are remembered of each kind: those who are right cannot be pushed out by those who guess. */
const REMEMBERED = 100;
/** A guesser has this many places in the line; everybody together as many as are worked off while a scraper waits. */
const MOST_WAITING_OF_ONE = 2;
const MOST_WAITING = 16;

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}
/** RFC 7617; undefined when the header is of another scheme or malformed. */
export function basicCredentials(header: string | undefined): BasicCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Checks users and passwords of `basic_auth_users`. A name that is not there takes the time of one that is: it is compared
 * with a hash that stands there, whose choice depends on nothing but the name.
 */
export function createBasicAuth(deps: { users: () => ReadonlyMap<string, string>; passwords: Passwords }) {
  const secret = randomBytes(32);
  const right = createMemory();
  const wrong = createMemory();
  const underWay = new Map<string, Promise<boolean>>();
  const waiting = new Map<string, number>();
  let allWaiting = 0;
  let checkedFor = deps.users();

  function digest(...parts: readonly string[]): Buffer {
    return createHmac('sha256', secret).update(JSON.stringify(parts)).digest();
  }
  function hashFor(user: string): string {
    const hashes = [...deps.users().values()];
    return deps.users().get(user) ?? hashes[digest(user).readUInt32LE(0) % hashes.length] ?? '';
  }
  async function compare(key: string, { user, password }: BasicCredentials, hash: string): Promise<boolean> {
    const isRight = (await deps.passwords.verify(password, hash)) && deps.users().get(user) === hash;
    (isRight ? right : wrong).add(key);
    return isRight;
  }
  return {
    /** @throws HttpProblem 429 when too many wait to be checked, 503 when nobody can be */
    async isRight(given: BasicCredentials, request: IncomingMessage): Promise<boolean> {
      if (checkedFor !== deps.users()) {
        checkedFor = deps.users();
        right.clear();
        wrong.clear();
      }
      const hash = hashFor(given.user);
      const key = digest(given.user, hash, given.password).toString('base64');
      if (right.has(key)) return true;
      if (wrong.has(key)) return false;
      const known = underWay.get(key);
      if (known !== undefined) return known;
      const network = clientNetwork(request.socket.remoteAddress);
      const mine = waiting.get(network) ?? 0;
      if (mine >= MOST_WAITING_OF_ONE || allWaiting >= MOST_WAITING) {
        throw new HttpProblem(429, 'Other passwords are being checked: ask again soon.', { 'retry-after': '1' });
      }
      waiting.set(network, mine + 1);
      allWaiting += 1;
      const answer = compare(key, given, hash).catch((cause: unknown) => {
        throw new HttpProblem(503, 'Passwords cannot be checked now: see the log of the agent.', {}, cause);
      });
      underWay.set(key, answer);
      try {
        return await answer;
      } finally {
        underWay.delete(key);
        allWaiting -= 1;
        const left = (waiting.get(network) ?? 1) - 1;
        if (left === 0) waiting.delete(network);
        else waiting.set(network, left);
      }
    },
  };
}

/** The last ones that were met. */
function createMemory() {
  const kept = new Set<string>();
  return {
    has(key: string): boolean {
      if (!kept.delete(key)) return false;
      kept.add(key);
      return true;
    },
    add(key: string): void {
      kept.add(key);
      const [oldest] = kept;
      if (kept.size > REMEMBERED && oldest !== undefined) kept.delete(oldest);
    },
    clear: () => kept.clear(),
  };
}
