import type { Logger } from './ports.ts';

/** Steps of stopping, last started first; one that fails does not stop the rest. */
export function createClosers(log: Logger): {
  add(name: string, close: () => unknown): void;
  closeAll: () => Promise<void>;
} {
  const steps: { name: string; close: () => unknown }[] = [];
  return {
    add: (name, close) => steps.push({ name, close }),
    async closeAll() {
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step.close();
        } catch (error) {
          log.warn({ err: error, step: step.name }, 'stopping failed in one step');
        }
      }
    },
  };
}
