import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPassedSockets, listeningTcp, listeningUnix, passedEnvironment } from '../../src/linux/passed-sockets.ts';

const own = String(process.pid);
const variables: readonly { env: Record<string, string>; supervised: boolean; count: number; why: string }[] = [
  { env: { LISTEN_PID: own, LISTEN_FDS: '2' }, supervised: false, count: 2, why: 'for this process' },
  { env: { LISTEN_PID: '1', LISTEN_FDS: '2' }, supervised: false, count: 0, why: 'for another process' },
  { env: { LISTEN_FDS: '2' }, supervised: false, count: 0, why: 'for nobody' },
  { env: { LISTEN_FDS: '2' }, supervised: true, count: 2, why: 'from a supervising parent' },
  { env: { LISTEN_PID: own, LISTEN_FDS: '-1' }, supervised: false, count: 0, why: 'no count' },
  { env: { LISTEN_PID: own, LISTEN_FDS: 'two' }, supervised: false, count: 0, why: 'no number' },
  { env: {}, supervised: true, count: 0, why: 'none' },
];
for (const { env, supervised, count, why } of variables) {
  test(`${count} sockets are taken from variables: ${why}`, () =>
    assert.equal(countPassedSockets(env, supervised), count));
}

test('a process that is started by us is told of the sockets that it is given, and of no others', () => {
  const env = { LISTEN_PID: own, LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', HOME: '/' };
  assert.deepEqual(passedEnvironment(env, 2), { LISTEN_FDS: '2', HOME: '/' });
  assert.deepEqual(passedEnvironment(env, 0), { HOME: '/' });
});

test('only stream sockets that listen are found, with the whole name of their file', () => {
  const unix = `Num       RefCount Protocol Flags    Type St Inode Path
00000000a: 00000002 00000000 00010000 0001 01  4711 /run/with a blank/api.sock
00000000b: 00000003 00000000 00000000 0001 03 4712 /run/connected.sock
00000000c: 00000002 00000000 00010000 0005 01 4713 /run/seqpacket.sock
00000000d: 00000002 00000000 00010000 0001 01 4714 @abstract
`;
  assert.deepEqual(
    [...listeningUnix(unix)],
    [
      ['4711', '/run/with a blank/api.sock'],
      ['4714', '@abstract'],
    ],
  );
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:26BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   991        0 1136 1 00000000eff297d1 100 0 0 10 0
   1: 0100007F:26BB 0100007F:A000 01 00000000:00000000 00:00000000 00000000   991        0 1137 1 0000000000000000 20 4 30 10 -1
`;
  assert.deepEqual([...listeningTcp(tcp)], ['1136']);
});
