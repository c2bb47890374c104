import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/**
 * mkfs.xfs knows parent pointers since 6.10, distributions have older ones. An empty file system needs only the
 * feature bit for them: of the root directory nothing is kept. Superblock (fs/xfs/libxfs/xfs_format.h): 216 be32
 * features that an old kernel must refuse, 224 le32 CRC32c of the sector with this field zero.
 */
export function enableParentPointers(image: string): void {
  const PARENT = 0x80;
  const fd = openSync(image, 'r+');
  try {
    const sector = Buffer.alloc(512);
    readSync(fd, sector, 0, sector.length, 0);
    sector.writeUInt32BE(sector.readUInt32BE(216) | PARENT, 216);
    sector.writeUInt32LE(0, 224);
    sector.writeUInt32LE(crc32c(sector), 224);
    writeSync(fd, sector, 0, sector.length, 0);
  } finally {
    closeSync(fd);
  }
}
function crc32c(raw: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of raw) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0x82f63b78);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
