import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wholeSectors } from '../../src/model/units.ts';
import { RECOGNIZE_BYTES, RECOGNIZE_TAIL_BYTES, recognize } from '../../src/resolve/stack/recognize.ts';
import { obstacle, tool } from './lab.ts';

/** What blkid calls it, and what we do. */
const names: Readonly<Record<string, RegExp>> = {
  xfs: /^XFS file system$/,
  xfs_external_log: /^XFS journal$/,
  ext4: /^ext2, ext3 or ext4 file system$/,
  jbd: /^ext2, ext3 or ext4 file system$/,
  btrfs: /^btrfs file system$/,
  swap: /^swap space$/,
  vfat: /^FAT file system$/,
  ntfs: /^NTFS file system$/,
  exfat: /^exFAT file system$/,
  f2fs: /^F2FS file system$/,
  squashfs: /^SquashFS file system$/,
  iso9660: /^ISO 9660 file system$/,
  LVM2_member: /^LVM physical volume$/,
  crypto_LUKS: /^LUKS volume$/,
  bcache: /^bcache device$/,
  zfs_member: /^ZFS pool member$/,
};
const makers: readonly { readonly what: string; readonly command: readonly string[] }[] = [
  { what: 'XFS', command: ['mkfs.xfs', '-q'] },
  { what: 'ext4', command: ['mkfs.ext4', '-q', '-F'] },
  { what: 'ext2 with 1 KiB blocks', command: ['mkfs.ext2', '-q', '-F', '-b', '1024'] },
  { what: 'btrfs', command: ['mkfs.btrfs', '-q'] },
  { what: 'swap', command: ['mkswap'] },
  { what: 'FAT32', command: ['mkfs.vfat', '-F', '32'] },
  { what: 'FAT16', command: ['mkfs.vfat', '-F', '16'] },
  { what: 'NTFS', command: ['mkfs.ntfs', '-F', '-Q', '-q'] },
  { what: 'exFAT', command: ['mkfs.exfat'] },
  { what: 'F2FS', command: ['mkfs.f2fs', '-q'] },
  { what: 'bcache', command: ['make-bcache', '-B'] },
  {
    what: 'LUKS',
    command: ['cryptsetup', '-q', 'luksFormat', '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'],
  },
];

for (const { what, command } of makers) {
  const [program, ...args] = command as [string, ...string[]];
  test(`${what} is recognised as blkid does`, { skip: obstacle(program, 'blkid') ?? false }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-recognize-'));
    try {
      const image = join(folder, 'image');
      writeFileSync(image, '');
      truncateSync(image, 512 * 1024 * 1024);
      execFileSync(program, [...args, image], { input: 'passphrase', stdio: ['pipe', 'pipe', 'pipe'] });
      const type = tool('blkid', '-p', '-o', 'value', '-s', 'TYPE', image)
        .toString()
        .trim()
        .replace(/^ext[23]$/, 'ext4');
      const raw = readFileSync(image);
      const tail = { raw: raw.subarray(-RECOGNIZE_TAIL_BYTES), deviceSectors: wholeSectors(raw.length) };
      assert.match(recognize(raw.subarray(0, RECOGNIZE_BYTES), tail), names[type] ?? /^$/, `blkid says ${type}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
