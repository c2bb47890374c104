import type { DsmCall, DsmCaller, DsmReply } from '../../src/ports.ts';

/** Answers methods of DIMMs as scripted; what nobody scripted fails with ENOTTY, as the kernel would. */
export interface ScriptedDsm extends DsmCaller {
  readonly calls: DsmCall[];
  /** `answer`: reply in hexadecimal, or an errno name */
  set(dimm: string, command: number, answer: string): void;
  /** Calls of this DIMM hang from now on: told as stuck at once, as if their deadline were over. */
  hang(dimm: string): () => void;
}

export function createScriptedDsm(): ScriptedDsm {
  const answers = new Map<string, string>();
  const hanging = new Map<string, Promise<void>>();
  const calls: DsmCall[] = [];
  return {
    calls,
    set: (dimm, command, answer) => void answers.set(`${dimm} ${command}`, answer),
    hang(dimm) {
      const { promise, resolve } = Promise.withResolvers<void>();
      hanging.set(dimm, promise);
      return () => {
        hanging.delete(dimm);
        resolve();
      };
    },
    async call(call, options): Promise<DsmReply> {
      calls.push(call);
      const released = hanging.get(call.dimm);
      if (released !== undefined) return { kind: 'stuck', afterMs: options?.deadlineMs ?? 0, released };
      const answer = answers.get(`${call.dimm} ${call.command}`) ?? 'ENOTTY';
      if (answer.startsWith('E')) return { kind: 'failed', errno: answer, reason: 'scripted' };
      const bytes = Buffer.from(answer.replaceAll(/\s/g, ''), 'hex');
      const reply = Buffer.alloc(call.replyBytes);
      reply.set(bytes.subarray(0, call.replyBytes));
      return { kind: 'ok', reply, firmwareBytes: bytes.length };
    },
  };
}
