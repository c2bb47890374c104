import { type Run, run } from '../../model/extent.ts';
import type { BlockDevice } from '../../model/topology.ts';
import { sectorsCovering } from '../../model/units.ts';
import { read64, viewOf } from '../fs/little-endian.ts';
import { recognize } from './recognize.ts';

/** What a device keeps of itself that stands below others, and what is said of the rest that none of them shows. */
export interface UnusedParts {
  readonly reserved: readonly Run[];
  /** what `reserved` is */
  readonly what: string;
  readonly rest: string;
}

/** @param head the first bytes of the device, or undefined when they cannot be read */
export function unusedParts(
  head: Uint8Array | undefined,
  device: BlockDevice,
  uppers: readonly BlockDevice[],
): UnusedParts {
  const names = uppers.map((u) => u.label ?? u.name).join(', ');
  const none: UnusedParts = { reserved: [], what: '', rest: `not used by ${names}, which stands on it` };
  if (head === undefined) return none;
  switch (recognize(head)) {
    case 'LVM physical volume': {
      const start = lvmDataStart(head);
      const reserved = start === undefined ? [] : [run(0, Math.min(start, device.size))];
      return { reserved, what: 'LVM metadata', rest: 'LVM extents that no active volume uses' };
    }
    case 'LUKS volume': {
      // what lies in front of the encrypted data: headers and key slots
      const starts = uppers.flatMap(({ assembly }) => (assembly?.kind === 'dm' ? assembly.targets : []));
      const first = Math.min(...starts.flatMap(({ map }) => (map.kind === 'linear' ? [map.leg.start as number] : [])));
      return Number.isFinite(first) ? { ...none, reserved: [run(0, first)], what: 'LUKS header' } : none;
    }
    default:
      return none;
  }
}

const LABEL = 'LABELONE';
/** a label is in one of the first four sectors of 512 bytes */
const LABEL_PLACES = [512, 0, 1024, 1536];

/**
 * Where the extents of a physical volume begin. Label header: 20 u32 from the label to the volume's header; that one:
 * 0 uuid, 32 u64 size, then pairs of u64 offset and size in bytes, the data area first (lvm2 lib/format_text/layout.h).
 */
function lvmDataStart(head: Uint8Array): number | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length);
  const label = LABEL_PLACES.find((at) => text.toString('latin1', at, at + LABEL.length) === LABEL);
  if (label === undefined) return undefined;
  const view = viewOf(head);
  const header = label + view.getUint32(label + 20, true);
  if (header + 56 > head.length) return undefined;
  const offset = read64(view, header + 40);
  return offset > 0 ? sectorsCovering(0, offset) : undefined;
}
