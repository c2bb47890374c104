import { btrfs } from './btrfs.ts';
import { ext4 } from './ext4.ts';
import type { FilesystemResolver } from './resolver.ts';
import { xfs } from './xfs.ts';

/** The file systems that can be asked better than by a walk, which takes all others. */
export const filesystemResolvers: readonly FilesystemResolver[] = [btrfs, ext4, xfs];

/** FIEMAP of these does not tell addresses of the device, so a walk would name the wrong files. */
export const unwalkable: readonly string[] = ['bcachefs', 'btrfs', 'fuse', 'overlay', 'zfs'];
