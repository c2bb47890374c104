/** Entry of a thread that checks passwords, one after the other: a check takes tens of milliseconds, by design. */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';
import type { PasswordQuestion } from './linux/passwords.ts';

parentPort?.on('message', ({ id, password, hash }: PasswordQuestion) => {
  parentPort?.postMessage({ id, right: compareSync(password, hash) });
});
