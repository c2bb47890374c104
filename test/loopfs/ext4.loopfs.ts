import { ext4Kinds, testExt4 } from './ext4-kinds.ts';

for (const kind of ext4Kinds) testExt4(kind);
