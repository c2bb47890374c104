import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { redactOwner } from '../../src/notify/redaction.ts';

const owner: Owner = {
  kind: 'file',
  device: 'pmem0',
  ...run(8, 8),
  paths: ['/inner/secret'],
  layers: [
    { device: 'dm-0', name: 'vg/images', kind: 'dm-linear', ...run(0, 8) },
    { device: 'loop0', name: '/srv/secret.img', kind: 'loop', ...run(64, 8) },
  ],
};

test('the file behind a loop device is a file name, and goes where those go; the name of a volume stays', () => {
  assert.deepEqual(redactOwner(owner, 'full'), owner);
  for (const policy of ['hash', 'off'] as const) {
    const redacted = redactOwner(owner, policy);
    assert.doesNotMatch(JSON.stringify(redacted), /secret/);
    assert.deepEqual(
      redacted.layers?.map((l) => [l.device, l.name]),
      [
        ['dm-0', 'vg/images'],
        ['loop0', undefined],
      ],
    );
  }
});
test('why a search was not whole can name a file as well', () => {
  const reason = 'EIO: open /srv/secret/a: the walk went on without it';
  assert.equal(redactOwner({ ...owner, reason }, 'full').reason, reason);
  assert.equal(
    redactOwner({ ...owner, openByReason: reason }, 'off').openByReason,
    'EIO: open <path>: the walk went on without it',
  );
  assert.equal(redactOwner({ ...owner, reason }, 'hash').reason, 'EIO: open <path>: the walk went on without it');
});
test('that holds for owners without names of their own as well', () => {
  const { paths, ...free } = owner;
  assert.doesNotMatch(JSON.stringify(redactOwner({ ...free, kind: 'free' }, 'off')), /secret/);
  assert.equal(paths?.length, 1);
});
