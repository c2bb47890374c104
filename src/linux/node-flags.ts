/**
 * Flags of every process we start but those for jobs. `--disable-sigusr1`: the signal would open node's debugger. `--max-semi-space-size`
 * (MiB): a process that idles needs no large nursery, and V8 never gives one back. `--optimize-for-size`: 5 MB of the agent.
 */
export const nodeFlags: readonly string[] = ['--disable-sigusr1', '--max-semi-space-size=1', '--optimize-for-size'];

/**
 * Of a process that works for a few seconds and ends: what is short-lived dies in a nursery of this size (MiB), and all the rest goes when
 * it has answered.
 */
export const jobFlags: readonly string[] = ['--disable-sigusr1', '--max-semi-space-size=8', '--expose-gc'];
