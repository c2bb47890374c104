import type { Loaded, Settings } from './config/load.ts';
import type { PassedSocket } from './model/listen-address.ts';
import type {
  Clock,
  DsmCaller,
  FileChecker,
  Hint,
  Hints,
  HostInfo,
  Http,
  KernelTree,
  Passwords,
  Resolver,
  ScrubControl,
  SocketFiles,
} from './ports.ts';
import type { StatePlaces } from './record/open-state.ts';

/** What the agent meets of the world; `linux/platform.ts` has it. */
export interface AppPlatform extends StatePlaces {
  readonly sysfs: KernelTree;
  readonly procfs: KernelTree;
  readonly dsm: DsmCaller;
  readonly scrubs: ScrubControl;
  readonly resolver: Resolver;
  readonly check: FileChecker['check'];
  readonly clock: Clock;
  readonly http: Http;
  readonly hostInfo: HostInfo;
  readonly sockets: SocketFiles;
  readonly passwords: Passwords;
  /** sockets that the process was started with */
  readonly passedSockets: readonly PassedSocket[];
  readonly pageSize: number;
  /** for a while from now on, time counts for more than memory */
  readonly hurry: () => void;
  /** online processors */
  readonly processors: number;
  /** @param configFiles what is read again when it changes */
  createHints(configFiles: () => readonly string[], onHint: (hint: Hint) => void): Hints;
  watchMounts(onChange: () => void): () => void;
  /** what the probe process cannot see for want of a capability, in words; undefined when it could not be started */
  blindSpots(): Promise<readonly string[] | undefined>;
}
/** What it is started with. */
export interface AppOptions {
  readonly settings: Settings;
  /** reads flags, environment, file and secrets again */
  readonly reread: () => Promise<Loaded>;
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
  /** called once when a bug ends the loop */
  readonly onBug: (error: unknown) => void;
}
