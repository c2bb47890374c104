import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Incident } from '../../model/incident.ts';
import type { OperatorAnswer, OperatorRequest } from '../../model/operator.ts';
import type { DeliveryQuery, DeliveryRecord, ReplayAnswer, SendAsker, TestResult } from '../../model/outbox.ts';
import type { ScrubAnswer, ScrubRequest } from '../../model/scrub.ts';
import type { FileChecker, Resolver } from '../../ports.ts';
import type { MetricsExporter } from '../metrics/prometheus.ts';
import type { EventPage, View } from '../view.ts';
import type { Access } from './access.ts';
import type { Jobs } from './jobs.ts';

export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface Readiness {
  readonly ready: boolean;
  /** why not */
  readonly reason?: string;
}
export interface ReloadResult {
  readonly ok: boolean;
  /** one line each, as `config check` prints them */
  readonly problems: readonly string[];
}
/** Commands stand between backticks. */
export interface Described {
  readonly summary: string;
  readonly nextSteps: readonly string[];
}
/** What was told to whom, and sending again. What reads or changes the state file rejects when that fails. */
export interface DeliverySource {
  list(query: DeliveryQuery): Promise<readonly DeliveryRecord[]>;
  /** whether the list shows all there is */
  complete(): boolean;
  replay(delivery: number, asker: SendAsker): Promise<ReplayAnswer>;
  replayDead(receiver: string, asker: SendAsker): Promise<ReplayAnswer>;
  test(receiver: string, asker: SendAsker): Promise<TestResult | undefined>;
}
/** What is asked of the host itself, in the probe process. */
export interface ProbeSource extends Resolver, FileChecker {
  /** directories that a walk over files is limited to (config `resolve.walk_roots`) */
  walkRoots(): readonly string[];
}
/** What the routes show; nothing here but `probe` reads a device. */
export interface RouteSources {
  view(): View;
  /** history after an event id, oldest first */
  events(after: number, limit: number): Promise<EventPage>;
  /** id of the newest event there is, 0 when there is none */
  newestEventId(): number;
  /** every event from this id on is kept; one more than the newest when none is */
  firstKeptEventId(): number;
  /** Rises with each change of what `events` and `deliveries` read: a state file that is made anew begins at another. */
  historyVersion(): number;
  /** Calls back after each pass, when `view` and `events` may show something new; returns how to stop. */
  onPass(listener: () => void): () => void;
  ready(): Readiness;
  reload(): Promise<ReloadResult>;
  /** What people are told of an incident, as it is now. @param named whether with file names */
  describe(incident: Incident, named: boolean): Described;
  /** Answers when it is saved. */
  decide(request: OperatorRequest): Promise<OperatorAnswer>;
  readonly deliveries: DeliverySource;
  readonly probe: ProbeSource;
  /** Answers when it is saved that it was asked for; what comes of it shows in the view. */
  scrub(request: ScrubRequest): Promise<ScrubAnswer>;
}
export interface Documentation {
  /** the OpenAPI document */
  describe(): Promise<Record<string, unknown>>;
  /** answers a request below /docs */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}
export interface RouteContext extends RouteSources {
  readonly metrics: MetricsExporter;
  readonly access: Access;
  readonly telemetryPath: string;
  readonly jobs: Jobs;
  readonly documentation: Documentation;
  /** how to end each connection that is kept open */
  readonly streams: Set<() => void>;
}

/** One address or a family of them; registered by `routes.ts`. */
export interface HttpRoute {
  readonly name: string;
  register(app: HttpApp, context: RouteContext): void;
}
