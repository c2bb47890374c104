/** Who this host is. Names and product come from systeminformation once at start; ids from /etc/machine-id and boot_id. */
export interface HostFacts {
  readonly name: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly product: string | null;
  readonly os: string | null;
  readonly kernel: string | null;
}
