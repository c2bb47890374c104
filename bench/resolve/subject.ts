import type { Run } from '../../src/model/extent.ts';
import type { ResolveAnswer } from '../../src/model/owner.ts';

/** A file system under measurement, with its peer. One file each, one line in subjects.ts. */
export interface BenchSubject {
  readonly name: string;
  /** programs that the peer and the making of the file system need */
  readonly needs: readonly string[];
  readonly files: { readonly reduced: number; readonly full: number };
  /** without the device at the end */
  readonly mkfs: readonly string[];
  /** changes the image after mkfs */
  prepare?(image: string): void;
  /** of the image, by number of files */
  bytes(files: number): number;
  readonly mountOptions?: string;
  /** fills the mounted file system, once for all runs: the image is kept. Default: the common tree. */
  plant?(mountpoint: string, files: number): void;
  /** the rows to measure, chosen anew in each run by a fixed seed */
  works(lab: BenchLab): Promise<readonly BenchWork[]>;
}

export interface BenchLab {
  /** kernel name: `loop0` */
  readonly device: string;
  readonly mountpoint: string;
  readonly sectors: number;
  readonly files: number;
  /** Asks as the agent does: through a probe process of its own. */
  resolve(runs: readonly Run[]): Promise<ResolveAnswer>;
}

/** One row: the same question to both, whose answers are compared as sorted lines before anything is timed. */
export interface BenchWork {
  readonly work: string;
  readonly peer: string;
  ours(): Promise<readonly string[]>;
  /** absent where there is no peer: then only time and memory are told */
  theirs?(): Promise<readonly string[]>;
  /** how many times faster than the peer we must be; checked at the full size only */
  readonly atLeast?: { readonly warm?: number; readonly cold?: number };
  /** our own time, at most this many times that of another row */
  readonly atMostOf?: { readonly work: string; readonly times: number };
  /** ms at most, where there is no peer */
  readonly atMostMs?: { readonly warm: number };
  /** above the idle agent */
  readonly memoryBytes: number;
}
