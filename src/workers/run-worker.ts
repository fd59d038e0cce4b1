import { constants } from 'node:os';
import type { Worker } from '@temporalio/worker';
import type { Log } from '../runtime/log.ts';

const ends = ['SIGTERM', 'SIGINT'] as const;

/**
 * Must be called first: until the workers run, SIGTERM or SIGINT ends the process at once; the SDK would hold them
 * back.
 */
export function endWhileStarting(): void {
  for (const signal of ends) process.on(signal, endNow);
}

function endNow(signal: NodeJS.Signals): void {
  process.exit(128 + constants.signals[signal]);
}

/**
 * Runs workers until SIGTERM or SIGINT (the SDK's runtime shuts them down with their grace time) and reports on
 * standard output, as one JSON line, when they poll.
 */
export async function runWorker(options: { name: string; workers: readonly Worker[]; log: Log }): Promise<void> {
  const running = options.workers.map((worker) => worker.run());
  for (const signal of ends) process.off(signal, endNow);
  process.stdout.write(`${JSON.stringify({ listening: options.name })}\n`);
  await Promise.all(running);
  options.log.info('worker stopped');
}
