/** Which unit, container and pod a process belongs to, as far as the names of its control groups tell. */
export interface Membership {
  readonly unit: string | null;
  readonly container: string | null;
  readonly pod: string | null;
}

const UNIT = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;
/** docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, or the bare ID with the cgroupfs driver */
const CONTAINER = /^(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?$/;
/** kubepods-burstable-pod0a1b_..._.slice (systemd writes - as _) or pod0a1b-... */
const POD = /^(?:kubepods[a-z-]*-)?pod([0-9a-f_-]{32,36})(?:\.slice)?$/;

/** `text` is <procfs>/PID/cgroup: lines `id:controllers:path` (cgroups(7)). */
export function parseCgroup(text: string): Membership {
  const lines = text.split('\n').map((line) => /^(\d+):([^:]*):(.*)$/.exec(line));
  const paths = lines.flatMap((m) => (m === null ? [] : [{ controllers: m[2] as string, path: m[3] as string }]));
  // version 2 and systemd's own hierarchy carry the units; the others follow them
  const best =
    paths.find((p) => p.controllers === 'name=systemd') ?? paths.find((p) => p.controllers === '') ?? paths[0];
  const parts = (best?.path ?? '').split('/').filter((part) => part !== '');
  const last = (pattern: RegExp): string | null => {
    for (const part of parts.toReversed()) {
      const match = pattern.exec(part);
      if (match !== null) return match[1] ?? part;
    }
    return null;
  };
  return { unit: last(UNIT), container: last(CONTAINER), pod: last(POD)?.replaceAll('_', '-') ?? null };
}
