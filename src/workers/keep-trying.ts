import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError, reasons } from '../contracts/reasons.ts';
import type { Log } from '../runtime/log.ts';

const pauseMs = 500;

/** Retries a start-up task while its failure is retryable. */
export async function keepTrying<Result>(log: Log, what: string, task: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof ReasonError) || !reasons[error.code].retryable) throw error;
      log.warn({ reason: error.code, detail: error.detail }, `${what}: not yet, trying again`);
      await delay(pauseMs);
    }
  }
}
