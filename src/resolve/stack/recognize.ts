import { bytesFromSectors, type SectorCount, sector } from '../../model/units.ts';
import { viewOf } from '../fs/little-endian.ts';
import { BTT_SIGNATURE, FIRST_ARENA } from './btt.ts';

/** How many bytes of the start of a device `recognize` wants to see: ZFS has its labels up to there. */
export const RECOGNIZE_BYTES = 256 * 1024;
/** How many of its end: the older places of md superblocks. */
export const RECOGNIZE_TAIL_BYTES = 128 * 1024;

interface Signature {
  readonly at: number;
  readonly magic: string;
  readonly what: string;
}
const MD_MAGIC = '\xfc\x4e\x2b\xa9';
const UUID_OF = {
  bcache: '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81',
  bcachefs: '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef',
} as const;
/** What the raw namespace under a BTT carries. */
export const BTT_CONTENT = 'block translation table (BTT)';
const at = (what: string, ...places: readonly (readonly [number, string])[]): Signature[] =>
  places.map(([where, magic]) => ({ at: where, magic, what }));

/** Magic numbers as latin1 text, from the formats' own headers; what holds other things before what may be left of old. */
const signatures: readonly Signature[] = [
  ...at(BTT_CONTENT, ...FIRST_ARENA.map((start) => [start, BTT_SIGNATURE] as const)),
  ...at('LUKS volume', [0, 'LUKS\xba\xbe'], [0, 'SKUL\xba\xbe']),
  ...at('LVM physical volume', ...[512, 0, 1024, 1536].map((label) => [label, 'LABELONE'] as const)),
  ...at('md RAID member', [4096, MD_MAGIC], [0, MD_MAGIC]),
  ...at('bcache device', [4096 + 24, UUID_OF.bcache]),
  ...at('bcachefs file system', [4096 + 24, UUID_OF.bcachefs]),
  ...at('VDO volume', [0, 'dmvdo001']),
  ...at('Stratis pool member', [512 + 4, '!Stra0tis\x86\xff\x02^\x41rh']),
  ...at('Oracle ASM disk', [32, 'ORCLDISK']),
  ...at('Ceph BlueStore device', [0, 'bluestore block device']),
  ...at('dm-integrity volume', [0, 'integrt\0']),
  ...at('dm-verity hash device', [0, 'verity\0\0']),
  ...at('dm-writecache device', [0, '\x21\x93\x48\x23']),
  ...at('device-mapper snapshot store', [0, 'SnAp']),
  ...at('BitLocker volume', [3, '-FVE-FS-']),
  ...at('XFS file system', [0, 'XFSB']),
  ...at('XFS journal', [0, '\xfe\xed\xba\xbe']),
  ...at('ext2, ext3 or ext4 file system', [1080, '\x53\xef']),
  ...at('btrfs file system', [65536 + 64, '_BHRfS_M']),
  ...at('F2FS file system', [1024, '\x10\x20\xf5\xf2']),
  ...at('NTFS file system', [3, 'NTFS    ']),
  ...at('exFAT file system', [3, 'EXFAT   ']),
  ...at('FAT file system', [82, 'FAT32   '], [54, 'FAT16   '], [54, 'FAT12   '], [54, 'FAT     ']),
  ...at('UDF file system', [32769, 'BEA01']),
  ...at('ISO 9660 file system', [32769, 'CD001']),
  ...at('SquashFS file system', [0, 'hsqs']),
  ...at('EROFS file system', [1024, '\xe2\xe1\xf5\xe0']),
  ...at('JFS file system', [32768, 'JFS1']),
  ...at('ReiserFS file system', ...['ReIsErFs', 'ReIsEr2Fs', 'ReIsEr3Fs'].map((magic) => [65536 + 52, magic] as const)),
  ...at('GFS2 file system', [65536, '\x01\x16\x19\x70']),
  ...at('OCFS2 file system', ...[1024, 2048, 4096, 8192].map((block) => [block, 'OCFSV2'] as const)),
  ...at('HFS+ file system', [1024, 'H+\0\x04'], [1024, 'HX\0\x05']),
  ...at('APFS container', [32, 'NXSB']),
  // at the end of the first page, whose size is that of the machine that made it
  ...[4096, 16384, 65536].flatMap((page) => [
    ...['SWAPSPACE2', 'SWAP-SPACE'].map((magic) => ({ at: page - magic.length, magic, what: 'swap space' })),
    ...['S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001'].map((magic) => ({
      at: page - 10,
      magic,
      what: 'swap space with a hibernated system',
    })),
  ]),
];
/** A ZFS label keeps 128 uberblocks from its 128th KiB on, in the byte order of the machine that wrote it. */
const ZFS = {
  from: 128 * 1024,
  step: 1024,
  count: 128,
  magics: ['\x0c\xb1\xba\0\0\0\0\0', '\0\0\0\0\0\xba\xb1\x0c'],
} as const;

/** What is on a device that nothing has mounted, as far as its first bytes, and its last ones where given, tell. */
export function recognize(
  head: Uint8Array,
  tail?: { readonly raw: Uint8Array; readonly deviceSectors: SectorCount },
): string {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const found = signatures.find(
    ({ at: where, magic }) => text.toString('latin1', where, where + magic.length) === magic,
  );
  if (found !== undefined) return found.what;
  if (isZfs(text)) return 'ZFS pool member';
  if (tail !== undefined && isOldMdMember(tail)) return 'md RAID member';
  if (text.toString('latin1', 512, 520) === 'EFI PART') return 'partition table (GPT) without partitions';
  return isBlank(head) ? 'nothing that is known (it starts with zeros)' : 'unknown content';
}

function isZfs(text: Buffer): boolean {
  for (let i = 0; i < ZFS.count; i++) {
    const from = ZFS.from + i * ZFS.step;
    const magic = text.toString('latin1', from, from + 8);
    if (ZFS.magics.some((m) => m === magic)) return true;
  }
  return false;
}
/** Version 1.0 lies 8 KiB before the end, version 0.90 in the last 64 KiB that are aligned so (drivers/md/md.c). */
function isOldMdMember({
  raw,
  deviceSectors,
}: {
  readonly raw: Uint8Array;
  readonly deviceSectors: SectorCount;
}): boolean {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const tailStart = bytesFromSectors(deviceSectors) - raw.byteLength;
  const newer = Math.floor((deviceSectors - 16) / 8) * 8;
  const older = Math.floor(deviceSectors / 128) * 128 - 128;
  return [newer, older].some((place) => {
    const from = place < 0 ? -1 : bytesFromSectors(sector(place)) - tailStart;
    return from >= 0 && text.toString('latin1', from, from + 4) === MD_MAGIC;
  });
}
function isBlank(head: Uint8Array): boolean {
  const view = viewOf(head);
  for (let i = 0; i + 4 <= head.length; i += 4) if (view.getUint32(i) !== 0) return false;
  return true;
}
