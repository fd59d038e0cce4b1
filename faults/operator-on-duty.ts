import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { OperatorOperation } from '../src/contracts/api/operator.ts';
import { isAfterPivot, isUndoStep } from '../src/contracts/steps.ts';
import type { Platform } from '../src/embedded/platform.ts';

const roundMs = 1_000;
/** How often a step before delivery is retried; then the operator's window decides. */
const retries = 1;

/**
 * An operator who answers waiting steps through the operators' API: a refused mail is retried until it is accepted, a
 * delivery step is retried once, and the undo is left alone. Ends with `signal`.
 */
export async function workAsOperator(
  { urls, keys }: Platform,
  options: { signal: AbortSignal; say: (line: string) => void },
): Promise<void> {
  const authorization = `Bearer ${keys['operator-token']}`;
  const call = async (path: string, body?: unknown) => {
    const answer = await request(new URL(path, urls.api), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: options.signal,
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  };
  const left = new Set<string>();
  while (!options.signal.aborted) {
    try {
      const { body } = await call('/v1/operator/operations?status=needs_operator&limit=100');
      for (const { id, orderId, waiting } of z.object({ items: z.array(OperatorOperation) }).parse(body).items) {
        if (!waiting || isUndoStep(waiting.step)) continue;
        const { step, attempt, reason, detail = '' } = waiting;
        const found = `operator: ${step} of ${orderId} waits, ${reason} (${detail.split('\n')[0]})`;
        if (!isAfterPivot(step) && attempt > retries) {
          if (!left.has(id)) options.say(`${found}; it is left to the operator window`);
          left.add(id);
          continue;
        }
        const answer = await call(`/v1/operator/operations/${id}/retry`, { step, attempt, why: 'the fault is over' });
        if (answer.status === 202) options.say(`${found}; it is tried again`);
      }
    } catch {
      // The API is down, or the campaign is over; what waits still waits in the next round.
    }
    await delay(roundMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}
