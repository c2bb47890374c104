import type { OperatorAnswer, OperatorRequest } from '../model/operator.ts';

/** What people ask of incidents, between whoever takes it in and the pass that answers it once it is saved. */
export interface Requests {
  ask(request: OperatorRequest): Promise<OperatorAnswer>;
  /** those that came since the last pass */
  take(): readonly OperatorRequest[];
  /** of the requests taken last, in their order */
  answer(answers: readonly OperatorAnswer[]): void;
}

export function createRequests(onAsked: () => void): Requests {
  interface Asked {
    readonly request: OperatorRequest;
    readonly done: (answer: OperatorAnswer) => void;
  }
  let waiting: Asked[] = [];
  let taken: Asked[] = [];
  return {
    ask(request) {
      return new Promise((done) => {
        waiting.push({ request, done });
        onAsked();
      });
    },
    take() {
      taken = waiting;
      waiting = [];
      return taken.map(({ request }) => request);
    },
    answer(answers) {
      for (const [i, { done }] of taken.entries()) done(answers[i] ?? { kind: 'not-found' });
      taken = [];
    },
  };
}
