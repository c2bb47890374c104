import { ext4 } from './ext4.ts';
import type { BenchSubject } from './subject.ts';

export const benchSubjects: readonly BenchSubject[] = [ext4];
