import { setTimeout as delay } from 'node:timers/promises';
import { ApiProblem } from '../src/embedded/demo/customer.ts';

const pauseMs = 400;

/**
 * Retries until there is an answer, as customers, browsers and operators do while a part of the platform is down. A
 * refusal with a reason code is an answer and is thrown, as is the last failure after `limitMs`.
 */
export async function persist<Result>(work: () => Promise<Result>, limitMs = 180_000): Promise<Result> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (isAnswer(error) || performance.now() > deadline) throw error;
      await delay(pauseMs);
    }
  }
}

/** Whether the API gave a final answer, rather than a broken connection or a server error. */
export function isAnswer(error: unknown): error is ApiProblem {
  return error instanceof ApiProblem && error.problem.status < 500 && error.problem.status !== 429;
}
