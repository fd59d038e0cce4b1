import { setTimeout as delay } from 'node:timers/promises';
import type { ShownCloud } from '../contracts/api/clouds.ts';
import type { OperatorClient } from './client.ts';

const pollIntervalMs = 500;

/** Starts a check of every cloud and waits for its report. */
export async function checkClouds(api: OperatorClient): Promise<ShownCloud[]> {
  const { id } = await api.startCloudCheck();
  for (;;) {
    const { clouds } = await api.cloudCheck(id);
    if (clouds) return clouds;
    await delay(pollIntervalMs);
  }
}

/** Whether the check found a fault at an enabled cloud. */
export function needsAttention(clouds: readonly ShownCloud[]): boolean {
  return clouds.some(({ enabled, state }) => enabled && state !== 'ready');
}
