import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress, urlOfAddress } from '../../src/model/listen-address.ts';

const addresses: readonly { text: string; is: object }[] = [
  { text: '127.0.0.1:9915', is: { kind: 'tcp', host: '127.0.0.1', port: 9915 } },
  { text: ':9915', is: { kind: 'tcp', port: 9915 } },
  { text: '[::1]:65535', is: { kind: 'tcp', host: '::1', port: 65535 } },
  { text: '[fe80::1%eth0]:1', is: { kind: 'tcp', host: 'fe80::1%eth0', port: 1 } },
  { text: 'localhost:0', is: { kind: 'tcp', host: 'localhost', port: 0 } },
  { text: '/run/pmemwatch/api.sock', is: { kind: 'unix', path: '/run/pmemwatch/api.sock' } },
];
for (const { text, is } of addresses) {
  test(`${text} is an address to listen on`, () => assert.deepEqual(parseListenAddress(text), is));
}

test('what is no address is not taken for one', () => {
  const wrong = ['', '9915', '127.0.0.1', 'x:y', '127.0.0.1:70000', '::1:9915', '[nonsense]:1', '[abc]:1', 'a b:1'];
  for (const text of [...wrong, 'http://x:80', 'x:-1', 'x:80 '])
    assert.equal(parseListenAddress(text), undefined, text);
});

test('the URL of an address can be opened, also of one that listens everywhere', () => {
  assert.equal(urlOfAddress({ kind: 'tcp', host: '::1', port: 9915 }), 'http://[::1]:9915');
  assert.equal(urlOfAddress({ kind: 'tcp', port: 9915 }), 'http://localhost:9915');
});
