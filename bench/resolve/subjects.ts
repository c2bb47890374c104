import { btrfs } from './btrfs.ts';
import { ext4 } from './ext4.ts';
import type { BenchSubject } from './subject.ts';
import { walkSubject } from './walk.ts';
import { xfs, xfsParents } from './xfs.ts';

export const benchSubjects: readonly BenchSubject[] = [btrfs, ext4, walkSubject, xfs, xfsParents];
