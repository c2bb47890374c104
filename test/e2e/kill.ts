/**
 * An agent that is killed (SIGKILL) again and again, anywhere between finding an error and writing down that a receiver took
 * the message of it, over a host on disk whose bad-block lists change all the while. What has to hold in the end is in
 * `judge`. The schedule comes from a seed; how far the agent gets before it is hit is up to the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Incident } from '../../src/model/incident.ts';
import type { Message } from '../../src/model/message.ts';
import { createRandom } from '../loopfs/random.ts';
import { agentArguments, ended, until } from './agent-process.ts';
import { type HostOnDisk, layHost } from './host-on-disk.ts';

export interface Got {
  readonly message: Message;
  readonly raw: string;
  /** whether it was answered with 200; the agent may have been killed before it knew */
  taken: boolean;
}
export interface KillRun {
  readonly seed: number;
  readonly kills: number;
  readonly got: readonly Got[];
  /** how often the list was emptied */
  readonly emptied: number;
  /** what the list shows at the end: sectors of pmem0 */
  readonly listed: readonly number[];
  /** where it was killed: how often at each point */
  readonly points: Readonly<Record<string, number>>;
  /** rows of the state file at the end */
  readonly deliveries: readonly { readonly id: string; readonly status: string }[];
  readonly incidents: readonly {
    readonly id: string;
    readonly status: string;
    readonly revision: number;
    /** sectors of pmem0, and whether their owners have been looked for */
    readonly ranges: readonly { readonly sector: number; readonly known: boolean }[];
  }[];
}

/** pmem0 of the fixture begins so many sectors into region0 */
const OFFSET = 4096;
const NOBODY = 65_534;
/** on a machine that has other things to do */
const PATIENCE_MS = 90_000;
const PORTION = 10;

type Point = 'at any time' | 'before the answer' | 'after the answer' | 'soon after a change';

export async function runKills(seed: number, kills: number): Promise<KillRun> {
  const random = createRandom(seed);
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-kill-'));
  chmodSync(dir, 0o777);
  const host = layHost(join(dir, 'host'), 'one-bad-sector');
  const lists = listsOf(host);
  const got: Got[] = [];
  const points: Record<string, number> = {};
  let listed = [2256];
  let emptied = 0;
  let last: Running | undefined;
  let onRequest = (answer: () => void): void => answer();

  const server = createServer((request, response) => {
    let raw = '';
    request.on('data', (chunk: Buffer) => {
      raw += chunk.toString();
    });
    request.on('end', () => {
      const entry: Got = { message: JSON.parse(raw) as Message, raw, taken: false };
      got.push(entry);
      onRequest(() => answer(entry, response, random.chance(0.25) ? 503 : 200));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const config = `api: { socket: off }
poll: { bad_blocks: 1s }
notify: { group_wait: 100ms }
receivers: [{ name: hook, type: webhook, url: "http://127.0.0.1:${port}/hook" }]
`;

  function change(): void {
    const empties = listed.length > 0 && random.chance(0.3);
    const sector = 3000 + 16 * random.int(0, 200);
    if (empties) listed = [];
    else if (listed.length > 2 && random.chance(0.5)) listed = listed.slice(1);
    else if (!listed.includes(sector)) listed = [...listed, sector].sort((a, b) => a - b);
    if (empties) emptied++;
    lists.write(listed);
  }

  try {
    for (let kill = 0; kill < kills; kill++) {
      const point = random.pick<Point>(['at any time', 'before the answer', 'after the answer', 'soon after a change']);
      points[point] = (points[point] ?? 0) + 1;
      const agent = start(dir, host, config);
      last = agent;
      const hit = Promise.withResolvers<void>();
      const strike = (): void => {
        agent.child.kill('SIGKILL');
        hit.resolve();
      };
      const victim = random.int(1, 3);
      const restMs = random.int(0, 400);
      const anyMs = random.int(0, 3000);
      let seen = 0;
      onRequest = (answer) => {
        seen++;
        if (point === 'before the answer' && seen === victim) return strike();
        answer();
        if (point === 'after the answer' && seen === victim) setTimeout(strike, restMs % 8);
      };
      if (random.chance(0.5)) change();
      await agent.watching();
      if (point === 'at any time') setTimeout(strike, anyMs);
      // whatever comes of it: none of these waits for a message that the agent has no reason to send
      for (let changes = 0; changes < 4 && agent.child.signalCode === null; changes++) {
        change();
        if (point === 'soon after a change') setTimeout(strike, restMs);
        await Promise.race([hit.promise, sleep(random.int(300, 1500))]);
      }
      strike();
      await ended(agent.child);
    }
    onRequest = (answer) => answer();
    last = start(dir, host, config);
    const state = join(dir, 'state', 'state.db');
    await last.watching();
    const settled = (): true | undefined => isSettled(state, listed) || undefined;
    await until('everything is told', settled, undefined, PATIENCE_MS).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${String(error)}: listed ${listed}, ${JSON.stringify(recordedIn(state))}`);
    });
    last.child.kill('SIGTERM');
    await ended(last.child);
    return { seed, kills, got, emptied, listed, points, ...recordedIn(state) };
  } finally {
    // whatever failed: an agent that goes on would keep this process alive
    last?.child.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true, force: true });
  }
}

function answer(entry: Got, response: ServerResponse, status: number): void {
  entry.taken = status === 200;
  response.writeHead(status).end();
}

interface Running {
  readonly child: ChildProcess;
  /** resolves when it has looked for the first time, or has been hit */
  watching(): Promise<void>;
}
/** As an ordinary user, so that the process that is hit is the agent itself. */
function start(dir: string, host: HostOnDisk, config: string): Running {
  mkdirSync(join(dir, 'cache'), { recursive: true, mode: 0o777 });
  const child = spawn(process.execPath, agentArguments(dir, host, config), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(dir, 'cache') },
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  return {
    child,
    async watching() {
      const looked = (): true | undefined =>
        log.includes('first inventory and reading done') || hasEnded(child) || undefined;
      await until('it watches', looked, undefined, PATIENCE_MS);
      if (child.exitCode !== null) throw new Error(`the agent ended by itself; its log:\n${log}`);
    },
  };
}
function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The lists of pmem0 and its region, replaced whole as the kernel shows them: no reader ever sees a part. */
function listsOf(host: HostOnDisk) {
  const file = (name: string): string => {
    const [found] = globSync(`${join(host.sysfs, 'devices')}/**/${name}/badblocks`);
    if (found === undefined) throw new Error(`the host has no list of ${name}`);
    return found;
  };
  const [disk, region] = [file('pmem0'), file('region0')];
  const replace = (path: string, sectors: readonly number[]): void => {
    writeFileSync(`${path}.new`, sectors.map((sector) => `${sector} 1\n`).join(''));
    renameSync(`${path}.new`, path);
  };
  return {
    write(sectors: readonly number[]) {
      const below = sectors.map((sector) => sector + OFFSET);
      const before = readFileSync(disk, 'utf8').split('\n').length - 1;
      // a disk's list is never longer than its region's
      const both = [() => replace(region, below), () => replace(disk, sectors)];
      for (const write of sectors.length < before ? both.reverse() : both) write();
    },
  };
}

function recordedIn(state: string): Pick<KillRun, 'deliveries' | 'incidents'> {
  const database = new DatabaseSync(state, { readOnly: true });
  try {
    // both of one moment: what is committed between two readings would look told
    database.exec('BEGIN');
    const deliveries = database.prepare('SELECT notice_id AS id, status FROM outbox ORDER BY sequence').all();
    const bodies = database.prepare('SELECT body FROM incidents').all();
    const incidents = bodies.map(({ body }) => JSON.parse(String(body)) as Incident);
    return {
      deliveries: deliveries as never,
      incidents: incidents
        .filter(({ condition }) => condition === 'media_error')
        .map(({ id, status, revision, ranges, subject }) => ({
          id,
          status,
          revision,
          ranges: ranges.map(({ start, owners }) => ({
            sector: start - (subject.dataStart ?? 0),
            known: owners.length > 0 && owners.every(({ kind }) => kind !== 'pending'),
          })),
        })),
    };
  } finally {
    database.close();
  }
}

/** Whether the agent knows what is listed and whom it hits, and has told all of it. */
function isSettled(state: string, listed: readonly number[]): boolean {
  const { deliveries, incidents } = recordedIn(state);
  const ranges = incidents.filter(({ status }) => status === 'open').flatMap((incident) => incident.ranges);
  // what is found out later is told later, so nothing of it may be left
  const known = ranges.filter(({ known }) => known).map(({ sector }) => sector);
  return String(known) === String(listed) && deliveries.every(({ status }) => status !== 'pending');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What is wrong with a run; empty when nothing is. */
export function judge(run: KillRun): string[] {
  return [...repeats(run), ...losses(run), ...ends(run)];
}

/**
 * Every repeat has the same id, and under one id the same is said: but for what went out before the store had it, since its
 * disk took longer than 5 s (`durable: false`), and was killed before it had. That is found anew, under the same id.
 */
function repeats({ got }: KillRun): string[] {
  const wrong: string[] = [];
  const said = new Map<string, string>();
  const ids = new Map<string, string>();
  for (const { message } of got) {
    const { durable, ...content } = message;
    const text = JSON.stringify(content);
    const known = durable ? said.get(message.id) : undefined;
    if (known !== undefined && known !== text) wrong.push(`two contents under the id ${message.id}`);
    if (durable) said.set(message.id, text);
    const place = `${message.incident} ${message.sequence}`;
    const id = ids.get(place);
    if (id !== undefined && id !== message.id) wrong.push(`two ids for revision ${place}`);
    ids.set(place, message.id);
  }
  return wrong;
}

/** Whatever was recorded was told: as itself or with what it was merged into. */
function losses({ got, deliveries, incidents, listed }: KillRun): string[] {
  const taken = new Set(got.filter((each) => each.taken).map(({ message }) => message.id));
  const wrong = deliveries.flatMap(({ id, status }) => {
    if (status === 'delivered')
      return taken.has(id) ? [] : [`${id} counts as delivered, and the receiver never took it`];
    return status === 'merged' ? [] : [`${id} is ${status}`];
  });
  for (const { message } of got) {
    const written = deliveries.some(({ id }) => id === message.id);
    if (message.durable && !written) wrong.push(`${message.id} was sent and never written down`);
  }
  for (const { id, status, revision } of incidents) {
    const last = got.filter(({ message, taken }) => taken && message.incident === id).at(-1)?.message;
    const newest = got.filter(
      ({ message, taken }) => taken && message.incident === id && message.sequence === revision,
    );
    if (newest.length === 0) wrong.push(`of ${id} the receiver never took the newest revision, ${revision}`);
    if (status === 'open' && JSON.stringify(last?.ranges.map(({ start }) => start)) !== JSON.stringify(listed)) {
      wrong.push(`the receiver knows of ${last?.ranges.map(({ start }) => start)}, listed are ${listed}`);
    }
  }
  return wrong;
}

/** Nothing is told as resolved that was not, and nothing after its end. */
function ends({ got, emptied, incidents }: KillRun): string[] {
  const wrong: string[] = [];
  const resolved = new Set<string>();
  for (const { message } of got) {
    if (message.status === 'resolved') resolved.add(message.incident);
    else if (resolved.has(message.incident)) wrong.push(`${message.incident} is told as ${message.type} after its end`);
  }
  if (resolved.size > emptied)
    wrong.push(`${resolved.size} incidents resolved, and the list was emptied ${emptied} times`);
  for (const id of resolved) {
    if (incidents.find((incident) => incident.id === id)?.status !== 'resolved') wrong.push(`${id} is not resolved`);
  }
  return wrong;
}

/** Several hosts at once, each with a seed of its own. */
export async function runPortions(
  seed: number,
  kills: number,
  atOnce: number,
  say: (line: string) => void,
): Promise<KillRun[]> {
  const portions = Array.from({ length: Math.ceil(kills / PORTION) }, (_, i) => ({
    seed: seed + i,
    kills: Math.min(PORTION, kills - i * PORTION),
  }));
  const runs: KillRun[] = [];
  const worker = async (): Promise<void> => {
    for (let next = portions.shift(); next !== undefined; next = portions.shift()) {
      const run = await runKills(next.seed, next.kills).catch((error: unknown) => {
        portions.length = 0; // nothing more is begun
        throw error;
      });
      const distinct = new Set(run.got.map(({ message }) => message.id)).size;
      const early = run.got.filter(({ message }) => !message.durable).length;
      const at = Object.entries(run.points).map(([point, count]) => `${count} ${point}`);
      say(
        `seed ${run.seed}: killed ${run.kills} times (${at.join(', ')}); ${run.incidents.length} incidents, ${distinct} messages in ${run.got.length} requests, ${early} of them before the store had them`,
      );
      runs.push(run);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return runs;
}
