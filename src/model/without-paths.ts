/**
 * A sentence for who may not see file names: absolute paths become `<path>`, in quotes or without. Kernel trees and device nodes
 * stay: they say what to look at, and name no file. What cannot be told from a path goes with it.
 */
export function withoutPaths(text: string): string {
  return text
    .replace(/(['"`])(\/.*?)\1/g, (whole, quote: string, path: string) =>
      isOfKernel(path) ? whole : `${quote}<path>${quote}`,
    )
    .replace(/(^|[\s(=[,])(\/[^\s'"`;:,)\]<>]*)/g, (whole, before: string, path: string) =>
      path === '/' || isOfKernel(path) ? whole : `${before}<path>`,
    );
}

function isOfKernel(path: string): boolean {
  return /^\/(?:dev|sys|proc)(?:\/|$)/.test(path) && !/\/\.\.(?:\/|$)/.test(path);
}
