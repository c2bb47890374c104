import { AgentError } from '../../src/model/errors.ts';
import type { Http, HttpAnswer } from '../../src/ports.ts';

export interface RecordedPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
/** A status, a whole answer, a reason why none came, or `hangs` until the caller gives up. */
export type ScriptedAnswer = number | Partial<HttpAnswer> | { readonly fails: string } | 'hangs';

export interface RecordingHttp extends Http {
  readonly posts: readonly RecordedPost[];
  /** The answers of the next posts to this address, in order; after them, and elsewhere, it is 204. */
  script(url: string, ...answers: readonly ScriptedAnswer[]): void;
}

/** Keeps what was posted. Scripted answers that nobody asked for are reported by `assertScriptUsed`. */
export function createRecordingHttp(): RecordingHttp & { assertScriptUsed(): void } {
  const posts: RecordedPost[] = [];
  const scripts = new Map<string, ScriptedAnswer[]>();
  return {
    posts,
    script: (url, ...answers) => void scripts.set(url, [...(scripts.get(url) ?? []), ...answers]),
    assertScriptUsed() {
      for (const [url, left] of scripts) if (left.length > 0) throw new Error(`${left.length} answers left for ${url}`);
    },
    async post(url, headers, body, { signal }) {
      posts.push({ url, headers, body });
      const answer = scripts.get(url)?.shift() ?? 204;
      if (typeof answer === 'number') return { status: answer, headers: {}, body: '' };
      if (answer === 'hangs') return hang(signal);
      if ('fails' in answer) throw new AgentError('DELIVERY', answer.fails);
      return { status: 200, headers: {}, body: '', ...answer };
    },
  };
}

function hang(signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new AgentError('DELIVERY', 'cancelled')));
  });
}
