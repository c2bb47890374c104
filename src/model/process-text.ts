/** How a process, and what its accesses come to, is told to people. */
import type { KernelUser, MountNamespaceRef, OpenBy, Owner } from './owner.ts';

const SHORT_ID = 12;

/** What one would look for it by: its unit, its pod, its container. The scope that a container runs in says nothing more. */
export function processPlaces({ unit, container, pod }: Pick<OpenBy, 'unit' | 'container' | 'pod'>): string[] {
  const places: string[] = [];
  if (unit !== null && (container === null || !unit.includes(container))) places.push(unit);
  if (container !== null)
    places.push(`container ${/^[0-9a-f]{64}$/.test(container) ? container.slice(0, SHORT_ID) : container}`);
  if (pod !== null) places.push(`pod ${pod}`);
  return places;
}

/** `container f13f9b6c0d7c (postgres, pid 4711)` */
export function namespaceText({
  pid,
  command = '',
  unit = null,
  container = null,
  pod = null,
}: MountNamespaceRef): string {
  const [first] = processPlaces({ unit, container, pod });
  const process = command === '' ? `pid ${pid}` : `${command}, pid ${pid}`;
  return first === undefined ? process : `${first} (${process})`;
}

export function kernelUserText({ kind, name }: KernelUser): string {
  if (kind === 'loop') return `it is the disk of ${name}`;
  return name === '' ? 'the kernel swaps to it' : `the kernel swaps to it (${name})`;
}

/** `read(2) fails with EIO, mapped memory with SIGBUS (DAX)`; undefined where it is not known. */
export function readersText({ readersGet, dax }: Owner): string | undefined {
  if (readersGet === undefined) return undefined;
  const { read, mapped, from, why } = readersGet;
  if (from !== null) return `still readable from ${why ?? from}`;
  if (read === 'zeros') return `reads as zeros: ${why ?? 'it was never written'}`;
  const mode = dax === undefined ? '' : dax ? ' (DAX)' : ' (page cache, no DAX)';
  const calls = read === 'unsupported' ? '' : `read(2) fails with ${read}, `;
  return `${calls}mapped memory with ${mapped}${mode}${why === null ? '' : `, ${why}`}`;
}
