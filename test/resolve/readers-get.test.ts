import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Owner } from '../../src/model/owner.ts';
import { readersText } from '../../src/model/process-text.ts';
import { sector, sectorCount } from '../../src/model/units.ts';
import { type ReadPath, readersGet, withGoodCopy } from '../../src/resolve/readers-get.ts';

const file: Owner = { kind: 'file', device: 'pmem0', start: sector(0), count: sectorCount(8), state: 'data' };
const rows: readonly {
  readonly why: string;
  readonly owner?: Partial<Owner>;
  readonly path: ReadPath;
  readonly text: string | undefined;
}[] = [
  {
    why: 'a DAX file',
    path: { dax: true, cached: undefined },
    text: 'read(2) fails with EIO, mapped memory with SIGBUS (DAX)',
  },
  {
    why: 'a page cache that does not hold the page',
    path: { dax: false, cached: false },
    text: 'read(2) fails with EIO, mapped memory with SIGBUS (page cache, no DAX)',
  },
  {
    why: 'a page cache that was not asked',
    path: { dax: false, cached: undefined },
    text: 'read(2) fails with EIO, mapped memory with SIGBUS (page cache, no DAX), unless the page cache still holds the page',
  },
  {
    why: 'a page cache that holds the page',
    path: { dax: false, cached: true },
    text: 'still readable from the page cache, until it lets go of the page',
  },
  {
    why: 'space that was never written',
    owner: { state: 'unwritten' },
    path: { dax: true, cached: undefined },
    text: 'reads as zeros: nothing was ever written there',
  },
  {
    why: 'a DAX device',
    owner: { kind: 'raw', metadata: 'device-dax' },
    path: { dax: undefined, cached: undefined },
    text: 'mapped memory with SIGBUS',
  },
  {
    why: 'a good copy below',
    owner: { goodCopy: { exists: 'yes', where: 'the other leg on pmem1' } },
    path: { dax: false, cached: false },
    text: 'still readable from the other leg on pmem1',
  },
  { why: 'a directory', owner: { kind: 'directory' }, path: { dax: false, cached: false }, text: undefined },
  { why: 'free space', owner: { kind: 'free' }, path: { dax: undefined, cached: undefined }, text: undefined },
];
for (const { why, owner, path, text } of rows) {
  test(`what programs get from ${why} is told`, () => {
    const told: Owner = { ...file, ...owner, ...(path.dax === undefined ? {} : { dax: path.dax }) };
    const gets = readersGet(told, path);
    const shown = gets === undefined ? told : { ...told, readersGet: withGoodCopy(gets, told.goodCopy) };
    assert.equal(readersText(shown), text);
  });
}
