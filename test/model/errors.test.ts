import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import { AgentError, errnoOf, messageOf } from '../../src/model/errors.ts';

/** As Node throws it for a number of the kernel's. */
function systemError(errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${code}, read`), { code, errno: -errno });
}

test('an error of the kernel is known by its name, also where Node has none for it', () => {
  const named = [5, 116, 117, 74, 126, 133].map((errno) => errnoOf(systemError(errno)));
  assert.deepEqual(named, ['EIO', 'ESTALE', 'EUCLEAN', 'EBADMSG', 'ENOKEY', 'EHWPOISON']);
  assert.equal(errnoOf(systemError(131)), 'E131');
  assert.equal(messageOf(systemError(117)), 'EUCLEAN: EUCLEAN, read');
});
test('what is no error of the kernel has no such name', () => {
  assert.equal(errnoOf(new TypeError('a bug')), undefined);
  assert.equal(errnoOf(new AgentError('RESOLVE', 'nothing there')), undefined);
  assert.equal(errnoOf(undefined), undefined);
});
