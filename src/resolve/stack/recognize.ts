import { viewOf } from '../fs/little-endian.ts';

/** How many bytes of the start of a device `recognize` wants to see. */
export const RECOGNIZE_BYTES = 128 * 1024;

interface Signature {
  readonly at: number;
  readonly magic: string;
  readonly what: string;
}
/** Magic numbers as latin1 text, from the formats' own headers. */
const signatures: readonly Signature[] = [
  { at: 0, magic: 'XFSB', what: 'XFS file system' },
  { at: 1080, magic: '\x53\xef', what: 'ext2, ext3 or ext4 file system' },
  { at: 65536 + 64, magic: '_BHRfS_M', what: 'btrfs file system' },
  { at: 1024, magic: '\x10\x20\xf5\xf2', what: 'F2FS file system' },
  { at: 0, magic: 'LUKS\xba\xbe', what: 'LUKS volume' },
  ...[512, 0, 1024, 1536].map((at) => ({ at, magic: 'LABELONE', what: 'LVM physical volume' })),
  { at: 4096, magic: '\xfc\x4e\x2b\xa9', what: 'md RAID member' },
  { at: 0, magic: '\xfc\x4e\x2b\xa9', what: 'md RAID member' },
  // at the end of the first page, whose size is that of the machine that made it
  ...[4096, 16384, 65536].flatMap((page) =>
    ['SWAPSPACE2', 'SWAP-SPACE'].map((magic) => ({ at: page - magic.length, magic, what: 'swap space' })),
  ),
];

/** What is on a device that nothing has mounted, as far as its first bytes tell. */
export function recognize(head: Uint8Array): string {
  const text = Buffer.from(head);
  const found = signatures.find(({ at, magic }) => text.toString('latin1', at, at + magic.length) === magic);
  if (found !== undefined) return found.what;
  return isBlank(head) ? 'nothing that is known (it starts with zeros)' : 'unknown content';
}
function isBlank(head: Uint8Array): boolean {
  const view = viewOf(head);
  for (let at = 0; at + 4 <= head.length; at += 4) if (view.getUint32(at) !== 0) return false;
  return true;
}
