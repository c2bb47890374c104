import { messageOf } from '../../model/errors.ts';
import type { Clock } from '../../ports.ts';
import { type Conversation, openConversation, type ProbeConnection, type ProbeConnector } from './conversation.ts';
import { type Failure, type Outcome, PROTOCOL_VERSION, type ProbeHello } from './protocol.ts';

/** A start takes 0.1 s; an overloaded host may need some more. */
const START_MS = 30_000;

export interface Started {
  readonly ok: true;
  readonly conversation: Conversation;
  readonly hello: ProbeHello;
}

/** Starts a probe process and waits until it answers. Never rejects. */
export async function startConversation(connect: ProbeConnector, clock: Clock): Promise<Started | Failure> {
  const timer = Promise.withResolvers<undefined>();
  const cancel = clock.after(START_MS, () => timer.resolve(undefined));
  try {
    const connecting = connect();
    const connection = await Promise.race([connecting, timer.promise]);
    if (connection === undefined) {
      void connecting.then(discard, () => undefined);
      return failure('ETIMEDOUT', 'the probe process did not start in time');
    }
    const conversation = openConversation(connection);
    const outcome = await Promise.race([conversation.ask({ op: 'hello' }).outcome, timer.promise]);
    const refused = problemWith(outcome);
    if (refused === undefined && outcome?.ok) return { ok: true, conversation, hello: outcome.value as ProbeHello };
    conversation.kill();
    return refused ?? failure('EPROTO', 'the probe process did not say hello');
  } catch (error) {
    return failure('EPIPE', `the probe process could not be started: ${messageOf(error)}`);
  } finally {
    cancel();
  }
}

function problemWith(outcome: Outcome | undefined): Failure | undefined {
  if (outcome === undefined) return failure('ETIMEDOUT', 'the probe process did not answer in time');
  if (!outcome.ok) return outcome;
  const { protocol } = outcome.value as ProbeHello;
  if (protocol === PROTOCOL_VERSION) return undefined;
  return failure('EPROTO', `the probe process speaks protocol ${protocol}, not ${PROTOCOL_VERSION}: restart the agent`);
}
function discard(connection: ProbeConnection): void {
  connection.stream.on('error', () => undefined);
  connection.kill();
  connection.unref();
}
export function failure(errno: string, reason: string): Failure {
  return { ok: false, errno, reason };
}
