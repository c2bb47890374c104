/** What the kernel answers when a block of metadata cannot be read, or is not what it should be (EFSCORRUPTED, EFSBADCRC). */
export const DAMAGED: readonly string[] = ['EIO', 'EUCLEAN', 'EBADMSG', 'ENODATA'];
