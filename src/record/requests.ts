/** What people ask for, between whoever takes it in and the pass that answers it once it is saved. */
export interface Requests<Request, Answer> {
  ask(request: Request): Promise<Answer>;
  /** those that came since the last pass */
  take(): readonly Request[];
  /** of the requests taken last, in their order */
  answer(answers: readonly Answer[]): void;
}

export function createRequests<Request, Answer>(onAsked: () => void): Requests<Request, Answer> {
  interface Asked {
    readonly request: Request;
    readonly done: (answer: Answer) => void;
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
      for (const [i, { done }] of taken.entries()) {
        if (i >= answers.length) throw new Error('a pass has not answered what it was asked');
        done(answers[i] as Answer);
      }
      taken = [];
    },
  };
}
