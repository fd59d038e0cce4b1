import type { Worker } from '@temporalio/worker';
import type { Log } from '../contracts/log.ts';

/**
 * Runs workers until SIGTERM or SIGINT (the SDK's runtime shuts them down with their grace time) and says on standard
 * output, as one JSON line, when they poll.
 */
export async function runWorker(options: { name: string; workers: readonly Worker[]; log: Log }): Promise<void> {
  const running = options.workers.map((worker) => worker.run());
  process.stdout.write(`${JSON.stringify({ listening: options.name })}\n`);
  await Promise.all(running);
  options.log.info('worker stopped');
}
