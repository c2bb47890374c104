import type { FilesystemIo } from '../../src/ports.ts';

/** One device in memory; whatever else is asked fails, so that no test leans on it by accident. */
export function memoryIo(device: Buffer, options: { readonly badBytes?: readonly number[] } = {}): FilesystemIo {
  const refuse = (): never => {
    throw Object.assign(new Error('ENOSYS: a device in memory'), { code: 'ENOSYS' });
  };
  return {
    openDevice: () => 1,
    openPath: refuse,
    openBeneath: refuse,
    openOnMount: refuse,
    openHandle: refuse,
    close: () => undefined,
    pread(_fd, into, position) {
      const end = position + into.length;
      if (options.badBytes?.some((b) => position <= b && b < end) === true) {
        throw Object.assign(new Error('EIO: bad medium'), { code: 'EIO' });
      }
      return position >= device.length ? 0 : device.copy(into, 0, position, Math.min(end, device.length));
    },
    ioctl: refuse,
    addressOf: refuse,
    status: refuse,
    readDirectory: refuse,
    pathOf: refuse,
    kernelThreads: () => new Set(),
    listProc: () => [],
    readProc: refuse,
    readProcWithin: async () => refuse(),
    linkProc: refuse,
    linksProc: () => ({ count: 0, paths: [] }),
    statusProc: refuse,
    openProc: refuse,
    cachedPages: refuse,
  };
}
