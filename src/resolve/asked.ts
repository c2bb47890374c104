import { type Extent, extent, type Run, run, subtract } from '../model/extent.ts';
import type { BlockDevice } from '../model/topology.ts';
import type { HostFacts, Segment } from './climb.ts';
import type { Copies, MappedExtent } from './stack/layer.ts';
import { stackLayers } from './stack/layers.ts';

/** A piece of a device, and what the layers beneath it keep of the same data. */
interface Piece {
  readonly on: Run;
  readonly copies: readonly Copies[];
}
const MAX_LAYERS = 24;

/** What is asked about, before any layer above. Of an array or volume the layers beneath may keep several copies already. */
export function askedSegments(device: BlockDevice, runs: readonly Run[], facts: HostFacts): Segment[] {
  if (!stackLayers.some((l) => l.matches(device)))
    return runs.map((on) => ({ asked: on.start, on, layers: [], copies: [] }));
  return runs.flatMap((r) => {
    const pieces = copiesBeneath(device, r, facts, 0);
    return pieces.map(({ on, copies }) => ({ asked: on.start, on, layers: [], copies }));
  });
}

function copiesBeneath(device: BlockDevice, on: Run, facts: HostFacts, depth: number): Piece[] {
  const layer = depth > MAX_LAYERS ? undefined : stackLayers.find((l) => l.matches(device));
  const parts = layer === undefined ? [] : layer.mapDown(device, { device: device.name, ...on });
  const pieces = [...groupByPlace(parts).values()].flatMap((same) => piecesOf(same, facts, depth));
  // most layers keep one copy: then there is nothing to tell the pieces apart by
  if (pieces.every((p) => p.copies.length === 0)) return [{ on, copies: [] }];
  const rest = subtract(
    [on],
    pieces.map((p) => p.on),
  );
  return [...pieces, ...rest.map((r): Piece => ({ on: r, copies: [] }))];
}

/** The places of the same sectors: each names the others, so together they name every one. */
function piecesOf(same: readonly MappedExtent[], facts: HostFacts, depth: number): Piece[] {
  const [first] = same;
  if (first === undefined) return [];
  const on = run(first.above.start, first.above.count);
  const copies = same.flatMap((part) => (part.copies === undefined ? [] : [part.copies]));
  if (copies.length > 0) return [{ on, copies }];
  return below(first.below, facts, depth).map((p) => ({
    on: run(on.start + p.on.start - first.below.start, p.on.count),
    copies: p.copies,
  }));
}
function below(at: Extent, facts: HostFacts, depth: number): Piece[] {
  const device = facts.blockDevices.find((d) => d.name === at.device);
  if (device === undefined) return [{ on: extent(at.device, at.start, at.count), copies: [] }];
  return copiesBeneath(device, run(at.start, at.count), facts, depth + 1);
}

function groupByPlace(parts: readonly MappedExtent[]): Map<string, MappedExtent[]> {
  const groups = new Map<string, MappedExtent[]>();
  for (const part of parts) {
    const key = `${part.above.start}+${part.above.count}`;
    const group = groups.get(key) ?? [];
    group.push(part);
    groups.set(key, group);
  }
  return groups;
}
