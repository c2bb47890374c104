import assert from 'node:assert/strict';
import { it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Severity } from '../../src/model/incident.ts';
import type { Owner } from '../../src/model/owner.ts';
import { severityOf, severityOfOwner } from '../../src/record/severity.ts';

const reader = { pid: 7, command: 'cat', mapped: false, mapsDamaged: false, unit: null, container: null, pod: null };
const copy = { exists: 'yes', where: 'md0' } as const;
const rows: readonly { why: string; owner: Partial<Owner>; severity: Severity }[] = [
  { why: 'file data is lost', owner: { kind: 'file', state: 'data' }, severity: 'critical' },
  { why: 'a file of which nobody said that it is unwritten', owner: { kind: 'file' }, severity: 'critical' },
  { why: 'unwritten space of a file holds no data', owner: { kind: 'file', state: 'unwritten' }, severity: 'warning' },
  { why: 'another good copy exists', owner: { kind: 'file', state: 'data', goodCopy: copy }, severity: 'warning' },
  {
    why: 'a copy that may exist is none',
    owner: { kind: 'file', goodCopy: { exists: 'unknown', where: null } },
    severity: 'critical',
  },
  { why: 'a directory', owner: { kind: 'directory' }, severity: 'critical' },
  { why: 'a symbolic link', owner: { kind: 'symlink' }, severity: 'critical' },
  { why: 'metadata', owner: { kind: 'metadata', metadata: 'inode table' }, severity: 'critical' },
  { why: 'metadata with another copy', owner: { kind: 'metadata', goodCopy: copy }, severity: 'warning' },
  { why: 'deleted but open', owner: { kind: 'deleted' }, severity: 'critical' },
  { why: 'nobody knows whose', owner: { kind: 'unknown' }, severity: 'critical' },
  { why: 'allocated, shown by no file', owner: { kind: 'unreferenced' }, severity: 'critical' },
  { why: 'not resolved yet', owner: { kind: 'pending' }, severity: 'critical' },
  { why: 'free space', owner: { kind: 'free' }, severity: 'warning' },
  { why: 'a raw device that is in use', owner: { kind: 'raw', openBy: [reader] }, severity: 'critical' },
  { why: 'a raw device that nobody uses', owner: { kind: 'raw', openBy: [] }, severity: 'warning' },
  { why: 'a raw device nobody looked at', owner: { kind: 'raw' }, severity: 'critical' },
  { why: 'swap', owner: { kind: 'raw', metadata: 'swap', openBy: [] }, severity: 'critical' },
  { why: 'the info block', owner: { kind: 'hidden', metadata: 'info block' }, severity: 'critical' },
  { why: 'a superblock of a layer', owner: { kind: 'hidden', metadata: 'md superblock' }, severity: 'critical' },
  { why: 'other hidden data', owner: { kind: 'hidden', metadata: 'struct pages' }, severity: 'warning' },
];

for (const row of rows) {
  it(`${row.severity}: ${row.why}`, () => {
    assert.equal(severityOfOwner({ kind: 'file', device: 'pmem0', ...run(0, 8), ...row.owner }), row.severity);
  });
}

it('the worst owner of all ranges decides, and a range without an answer is critical', () => {
  const free: Owner = { kind: 'free', device: 'pmem0', ...run(0, 8) };
  const range = { ...run(0, 8), firstSeen: 0, lastSeen: 0, foundBy: 'poll', epoch: '', ownersComplete: true } as const;
  assert.equal(severityOf([{ ...range, owners: [free] }]), 'warning');
  assert.equal(
    severityOf([
      { ...range, owners: [free] },
      { ...range, owners: [free, { ...free, kind: 'metadata' }] },
    ]),
    'critical',
  );
  assert.equal(severityOf([{ ...range, owners: [] }]), 'critical');
  assert.equal(severityOf([]), 'info');
});
