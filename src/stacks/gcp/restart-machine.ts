import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Restarted, RestartRequest } from '../private-server.ts';
import { waitForMachine } from '../wait-for-machine.ts';
import { createGcpClient, type GcpClient } from './client.ts';
import { finish } from './remove-object.ts';
import { gcpSettings } from './settings.ts';

const Instance = z.object({ status: z.string() });

/** The action that restarts a machine, by its state. */
const verbs: Readonly<Record<string, 'reset' | 'start'>> = { RUNNING: 'reset', TERMINATED: 'start' };
const tries = 3;

/**
 * Resets a running machine, which is as hard as a loss of power, and starts a stopped one. The request id makes a
 * repeat after a lost response idempotent.
 */
export async function restartGcpMachine(request: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted> {
  const { serverId, signal } = request;
  const pauseMs = gcpSettings(env).FREEHOLD_GCP_REMOVE_PAUSE_MS;
  const client = createGcpClient(env);
  const waiting = { serverId, pauseMs, signal };
  const verb = await waitForMachine(async () => verbs[await statusOf(client, serverId)], waiting);
  const operation = await begin(client, `${serverId}/${verb}?requestId=${randomUUID()}`, waiting);
  await finish(client, serverId, operation, signal);
  const isRunning = async () => (await statusOf(client, serverId)) === 'RUNNING' || undefined;
  await waitForMachine(isRunning, waiting);
  return { downWithinMs: 0 };
}

/** Starts an operation by a repeatable call, and returns it. */
async function begin(
  client: GcpClient,
  path: string,
  { pauseMs, signal }: { pauseMs: number; signal: AbortSignal },
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await client.ask(client.compute + path, { method: 'POST' })).body;
    } catch (error) {
      const isLost = error instanceof ReasonError && error.code === 'cloud_unavailable';
      if (!isLost || attempt === tries) throw error;
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** Google's name for the state of a machine. Throws `host_gone` where it does not exist any more. */
async function statusOf(client: GcpClient, serverId: string): Promise<string> {
  const { status, body } = await client.ask(client.compute + serverId, { allowed: [404] });
  if (status === 404) throw new ReasonError('host_gone', serverId);
  return Instance.parse(body).status;
}
