/** Which unit, container and pod a process belongs to, as far as the names of its control groups tell. */
export interface Membership {
  readonly unit: string | null;
  readonly container: string | null;
  readonly pod: string | null;
}

const UNIT = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;
/**
 * docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, nerdctl-ID.scope; the bare or prefixed ID
 * with the cgroupfs driver; POD.slice:cri-containerd:ID where kubelet and runtime disagree about the driver
 */
const CONTAINER = /^(?:[a-z][a-zA-Z0-9_.:-]*[:-])?([0-9a-f]{64})(?:\.scope)?$/;
/** watches over a container without being in it */
const MONITOR = /conmon|^lxc\.monitor/;
/** lxc.payload.NAME (liblxc 4 and later, LXD, Incus), and NAME below lxc or lxc.payload (older, Proxmox) */
const LXC = /^lxc\.payload\.(.+)$/;
const LXC_PARENT = /^lxc(?:\.payload)?$/;
/** kubepods-burstable-pod0a1b_..._.slice (systemd writes - as _), pod0a1b-...; what is nested prefixes its own slice */
const POD = /^(?:[a-z-]*kubepods[a-z-]*-)?pod([0-9a-f_-]{32,36})(?:\.slice(?::.*)?)?$/;
/** machine-libpod_pod_ID.slice, or libpod_pod_ID with the cgroupfs driver */
const PODMAN_POD = /^(?:[a-z-]+-)?libpod_pod_([0-9a-f]{64})(?:\.slice)?$/;

/** `text` is <procfs>/PID/cgroup: lines `id:controllers:path` (cgroups(7)), of version 1, 2 or both. */
export function parseCgroup(text: string): Membership {
  const lines = text.split('\n').map((line) => /^(\d+):([^:]*):(.*)$/.exec(line));
  const groups = lines.flatMap((m) =>
    m === null ? [] : [{ controllers: m[2] as string, parts: partsOf(m[3] as string) }],
  );
  // systemd's own hierarchy and version 2 carry the units; with both, version 2 may tell only of the container runtime
  const best =
    groups.find((g) => g.controllers === 'name=systemd') ?? groups.find((g) => g.controllers === '') ?? groups[0];
  const ordered = best === undefined ? [] : [best, ...groups.filter((g) => g !== best)];
  const first = (look: (parts: readonly string[]) => string | undefined): string | null => {
    for (const { parts } of ordered) {
      const found = look(parts);
      if (found !== undefined) return found;
    }
    return null;
  };
  return {
    unit: best?.parts.findLast((part) => UNIT.test(part)) ?? null,
    container: first(containerIn),
    pod: first(podIn),
  };
}

function partsOf(path: string): string[] {
  // the kernel marks a group that was removed under its last processes
  const alive = path.endsWith(' (deleted)') ? path.slice(0, -' (deleted)'.length) : path;
  return alive.split('/').filter((part) => part !== '');
}

/** The innermost: containers run in containers. */
function containerIn(parts: readonly string[]): string | undefined {
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i] as string;
    if (MONITOR.test(part)) return undefined;
    const found = CONTAINER.exec(part)?.[1] ?? LXC.exec(part)?.[1];
    if (found !== undefined) return found;
    if (LXC_PARENT.test(parts[i - 1] ?? '')) return part;
  }
  return undefined;
}
function podIn(parts: readonly string[]): string | undefined {
  for (const part of parts.toReversed()) {
    const uid = POD.exec(part)?.[1];
    if (uid !== undefined) return uid.replaceAll('_', '-');
    const podman = PODMAN_POD.exec(part)?.[1];
    if (podman !== undefined) return podman;
  }
  return undefined;
}
