import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError, reasons } from '../contracts/reasons.ts';
import type { Log } from '../runtime/log.ts';

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** Retries a start-up task while its failure is retryable; a wait between two tries does not keep the process alive. */
export async function keepTrying<Result>(log: Log, what: string, task: () => Promise<Result>): Promise<Result> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof ReasonError) || !reasons[error.code].retryable) throw error;
      log.warn({ reason: error.code, detail: error.detail }, `${what}: not yet, trying again`);
      await delay(pauseMs, undefined, { ref: false });
    }
  }
}

/**
 * Tries a start-up task once; where that fails for a reason that may pass, the task is tried again in the background,
 * and the process starts without it.
 */
export async function tryMeanwhile(log: Log, what: string, task: () => Promise<unknown>): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (!(error instanceof ReasonError) || !reasons[error.code].retryable) throw error;
    log.warn({ reason: error.code, detail: error.detail }, `${what}: not yet, trying again meanwhile`);
    keepTrying(log, what, task).catch((err) => log.error({ err }, `${what}: failed`));
  }
}
