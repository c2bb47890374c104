import type { DsmCall, DsmCaller, DsmReply } from '../../src/ports.ts';

/** Answers methods of DIMMs as scripted; what nobody scripted fails with ENOTTY, as the kernel would. */
export interface ScriptedDsm extends DsmCaller {
  readonly calls: DsmCall[];
  /** `answer`: reply in hexadecimal, or an errno name; firmware that tells no length leaves it at 0 */
  set(dimm: string, command: number, answer: string, options?: { readonly tellsLength: boolean }): void;
  /** Calls of this DIMM, or those of one command, hang from now on: told as stuck at once, as if their deadline were over. */
  hang(dimm: string, command?: number): () => void;
}

export function createScriptedDsm(): ScriptedDsm {
  const answers = new Map<string, string>();
  const untold = new Set<string>();
  const hanging = new Map<string, Promise<void>>();
  const calls: DsmCall[] = [];
  return {
    calls,
    set(dimm, command, answer, { tellsLength } = { tellsLength: true }) {
      const what = `${dimm} ${command}`;
      answers.set(what, answer);
      if (tellsLength) untold.delete(what);
      else untold.add(what);
    },
    hang(dimm, command) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const what = command === undefined ? dimm : `${dimm} ${command}`;
      hanging.set(what, promise);
      return () => {
        hanging.delete(what);
        resolve();
      };
    },
    async call(call, options): Promise<DsmReply> {
      calls.push(call);
      const released = hanging.get(call.dimm) ?? hanging.get(`${call.dimm} ${call.command}`);
      if (released !== undefined) return { kind: 'stuck', afterMs: options?.deadlineMs ?? 0, released };
      const answer = answers.get(`${call.dimm} ${call.command}`) ?? 'ENOTTY';
      if (answer.startsWith('E')) return { kind: 'failed', errno: answer, reason: 'scripted' };
      const bytes = Buffer.from(answer.replaceAll(/\s/g, ''), 'hex');
      const reply = Buffer.alloc(call.replyBytes);
      reply.set(bytes.subarray(0, call.replyBytes));
      const tellsLength = !untold.has(`${call.dimm} ${call.command}`);
      return { kind: 'ok', reply, firmwareBytes: tellsLength ? bytes.length : 0 };
    },
  };
}
