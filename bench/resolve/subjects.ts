import { btrfs } from './btrfs.ts';
import { ext4 } from './ext4.ts';
import type { BenchSubject } from './subject.ts';

export const benchSubjects: readonly BenchSubject[] = [ext4, btrfs];
