import { errnoOf, messageOf } from '../../model/errors.ts';
import { clip, coalesce } from '../../model/extent.ts';
import type { Owner } from '../../model/owner.ts';
import type { FilesystemIo } from '../../ports.ts';
import { cut, type Leaf, type Segment } from '../climb.ts';
import { PAST_DEADLINE } from '../fs/resolver.ts';
import { type BttPieces, resolveIdleBtt } from './btt-idle.ts';
import type { FoundOwner } from './loop.ts';

/** What the asked sectors of a namespace are to the BTT on it, and to the device that the BTT shows when it is in use. */
export async function resolveBtt(
  { device, segments }: Leaf,
  io: FilesystemIo,
  signal: AbortSignal,
): Promise<{ found: FoundOwner[]; complete: boolean }> {
  const wanted = coalesce(segments.map((s) => s.on));
  let answer: BttPieces;
  try {
    answer = await resolveIdleBtt(device, wanted, io, signal);
  } catch (error) {
    if (!signal.aborted && errnoOf(error) === undefined) throw error;
    const reason = signal.aborted ? PAST_DEADLINE : messageOf(error);
    answer = { pieces: wanted.map((r) => ({ ...r, what: 'BTT arena', reason })), missed: reason };
  }
  const found: FoundOwner[] = [];
  for (const { what, reason, above, ...place } of answer.pieces) {
    for (const segment of segments) {
      const part = clip(place, segment.on);
      if (part === undefined) continue;
      const own = { kind: 'hidden', metadata: what, ...(reason === undefined ? {} : { reason }) } as const;
      const owner: Owner = { device: device.name, ...part, ...own };
      if (above === undefined) found.push({ segment, part, owner });
      else {
        const passed = cut(segment, part);
        // the namespace's disk with an s, as the driver names it (drivers/nvdimm/namespace_devs.c)
        const start = above.count === place.count ? above.start + part.start - place.start : above.start;
        const layer = { device: `${device.name}s`, kind: 'btt', start, count: part.count } as Segment['layers'][number];
        found.push({ segment: { ...passed, layers: [...passed.layers, layer] }, part, owner });
      }
    }
  }
  return { found, complete: answer.missed === undefined };
}
