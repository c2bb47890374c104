import { clip, type Run, run, subtract } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import { bytesFromSectors, sectorCount, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import { FSMAP } from '../getfsmap.ts';
import { breathe, type FilesystemTask } from '../resolver.ts';
import { sectorsIn, touches, wantedBlocks } from '../wanted.ts';
import { blockMapBuffer, type MappedPiece, readBlockMaps, readPieces } from './block-maps.ts';
import type { XfsInode } from './bulkstat.ts';
import type { Claim } from './claims.ts';
import { byteOfInode, type XfsGeometry } from './geometry.ts';

const UNIT_BYTES = 512;

export interface InodeMapAnswer {
  readonly claims: Claim[];
  readonly settled: Owner[];
  readonly rest: Run[];
  /** why `rest` may belong to a file after all; undefined when every inode was asked */
  readonly missed: string | undefined;
}

/** No reverse map tells it: who maps these sectors is asked of every inode. */
export async function askInodes(
  task: FilesystemTask,
  mountFd: number,
  g: XfsGeometry,
  role: 'data' | 'realtime',
  asked: readonly Run[],
): Promise<InodeMapAnswer> {
  const wanted = wantedBlocks(asked, UNIT_BYTES);
  const [found, claims, inodeBlocks]: [Run[], Claim[], Run[]] = [[], [], []];
  const missed = new Map<string, number>();
  const blockSectors = wholeSectors(g.blockBytes);
  await readBlockMaps(task.io, mountFd, {
    piece(piece) {
      if (!isOn(piece, role) || !touches(wanted, piece.start, piece.count)) return;
      for (const where of sectorsIn(wanted, piece.start, piece.count)) {
        found.push(where);
        claims.push(claimOf(piece, where));
      }
    },
    inode({ inode }) {
      if (role !== 'data') return;
      const block = Math.floor(byteOfInode(g, inode) / g.blockBytes) * blockSectors;
      if (!Number.isSafeInteger(block) || !touches(wanted, block, blockSectors)) return;
      if (inodeBlocks.at(-1)?.start !== block) inodeBlocks.push(run(block, blockSectors));
    },
    unreadable: (_first, _last, errno) => missed.set(errno, (missed.get(errno) ?? 0) + 1),
    async pause(done) {
      task.onProgress({ phase: `asking every inode of ${task.mount.mountpoint.text} where it lies`, done });
      await breathe(task.signal);
    },
  });
  const device = task.device.name;
  const open = subtract(asked, found);
  const settled = inodeBlocks.flatMap((block): Owner[] =>
    open.flatMap((r) => {
      const part = clip(r, block);
      return part === undefined ? [] : [{ kind: 'metadata', device, ...part, metadata: 'inode' }];
    }),
  );
  const why = [...missed].map(
    ([errno, n]) => `${n} ${n === 1 ? 'group' : 'groups'} of inodes cannot be read (${errno})`,
  );
  return { claims, settled, rest: subtract(open, inodeBlocks), missed: why.length === 0 ? undefined : why.join('; ') };
}

/** Only the data of realtime files lies on the realtime device; their maps and attributes do not. */
function isOn({ inode, attributes }: MappedPiece, role: 'data' | 'realtime'): boolean {
  return (inode.realtime && !attributes) === (role === 'realtime');
}
function claimOf(piece: MappedPiece, where: Run): Claim {
  const offset = piece.offset * UNIT_BYTES + bytesFromSectors(sectorCount(where.start - piece.start));
  const flags =
    (piece.unwritten ? FSMAP.UNWRITTEN : 0) |
    (piece.shared ? FSMAP.SHARED : 0) |
    (piece.attributes ? FSMAP.ATTR_FORK : 0);
  return { where, inode: piece.inode.inode, offset, flags };
}

/** Whether the inode's own map still says what was claimed of it. */
export function stillInMap(
  task: FilesystemTask,
  mountFd: number,
  role: 'data' | 'realtime',
  inode: XfsInode,
  claims: readonly Claim[],
): ReadonlySet<Claim> {
  const pieces: MappedPiece[] = [];
  readPieces(task.io, mountFd, inode, blockMapBuffer(), (piece) => {
    if (isOn(piece, role)) pieces.push(piece);
  });
  const holds = ({ where, offset, flags }: Claim): boolean => {
    const attributes = (flags & FSMAP.ATTR_FORK) !== 0;
    const covered = pieces.flatMap((piece) => {
      if (piece.attributes !== attributes) return [];
      const part = clip(where, run(piece.start, sectorsCovering(0, piece.count * UNIT_BYTES)));
      if (part === undefined) return [];
      const there = (piece.offset + part.start - piece.start) * UNIT_BYTES;
      return there === offset + (part.start - where.start) * UNIT_BYTES ? [part] : [];
    });
    return subtract([where], covered).length === 0;
  };
  return new Set(claims.filter(holds));
}
