import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import { monotonic } from '../../runtime/clock.ts';
import { heartbeat } from '../lib/heartbeat-interceptor.ts';
import type { StackPorts } from './ports.ts';
import type { ExpectedHost } from './read-host-health.ts';

const pollIntervalMs = 100;

/**
 * Waits until a server answers as expected, for `healthyWithinMs`; then throws `host_unhealthy`, whose detail begins
 * with `when`. Sends heartbeats with `progress` meanwhile.
 */
export async function untilHealthy(
  ports: Pick<StackPorts, 'readHealth' | 'healthyWithinMs'>,
  expected: ExpectedHost,
  when: string,
  progress: object = {},
): Promise<void> {
  let problem: ReasonError | undefined;
  const isHealthy = async () => {
    problem = await ports.readHealth(expected);
    return problem === undefined;
  };
  if (await until(isHealthy, ports.healthyWithinMs, progress)) return;
  throw new ReasonError('host_unhealthy', `${when}: ${problem?.detail ?? problem?.code}`, { cause: problem });
}

/**
 * Polls a condition for at most `limitMs`; returns whether it became true. Sends heartbeats with `progress`
 * meanwhile.
 */
export async function until(isTrue: () => Promise<boolean>, limitMs: number, progress: object = {}): Promise<boolean> {
  const signal = cancellationSignal();
  const end = monotonic() + limitMs;
  while (!(await isTrue())) {
    if (monotonic() > end) return false;
    heartbeat({ phase: 'host_starting', ...progress });
    await delay(pollIntervalMs, undefined, { signal });
  }
  return true;
}
