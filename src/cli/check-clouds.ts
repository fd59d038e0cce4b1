import { setTimeout as delay } from 'node:timers/promises';
import type { ShownCloud } from '../contracts/api/clouds.ts';
import type { OperatorClient } from './client.ts';

const pollIntervalMs = 500;

/** Has every cloud looked at and waits until it is done. */
export async function checkClouds(api: OperatorClient): Promise<ShownCloud[]> {
  const { id } = await api.startCloudCheck();
  for (;;) {
    const { clouds } = await api.cloudCheck(id);
    if (clouds) return clouds;
    await delay(pollIntervalMs);
  }
}

/** Whether something is wrong with a cloud that is sold here. */
export function needsAttention(clouds: readonly ShownCloud[]): boolean {
  return clouds.some(({ enabled, state }) => enabled && state !== 'ready');
}
