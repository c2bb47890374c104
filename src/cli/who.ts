import { userInfo } from 'node:os';

/** The user who runs this, as others know him; by number where the system has no name for him. */
export function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // no line in passwd, as in a container that runs under a number
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
