import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Restarted, RestartRequest } from '../private-server.ts';
import { waitForMachine } from '../wait-for-machine.ts';
import { type AzureClient, createAzureClient } from './clients.ts';
import { azureReasonOf } from './errors.ts';
import { kinds } from './list-objects.ts';
import { azureSettings } from './settings.ts';

const { version } = kinds['Microsoft.Compute/virtualMachines'];

const View = z.object({ statuses: z.array(z.object({ code: z.string() })).default([]) });
const Operation = z.object({
  status: z.string().default('Succeeded'),
  error: z.object({ code: z.string().default(''), message: z.string().default('') }).optional(),
});

/** The action that restarts a machine, by its power state. */
const verbs: Readonly<Record<string, 'restart' | 'start'>> = {
  running: 'restart',
  stopped: 'start',
  deallocated: 'start',
};

/**
 * Restarts a running machine, which keeps its capacity at Azure, and starts a stopped one. Azure accepts the request
 * and names its operation, which is polled until it has ended.
 */
export async function restartAzureMachine(request: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted> {
  const { serverId, signal } = request;
  const client = createAzureClient(env);
  const waiting = { serverId, pauseMs: azureSettings(env).removePauseMs, signal };
  const verb = await waitForMachine(async () => verbs[await powerOf(client, serverId)], waiting);
  const { headers } = await client.ask(client.urlOf(`${serverId}/${verb}`, version), { method: 'POST' });
  const url = headers.get('azure-asyncoperation') ?? headers.get('location');
  // Without either header it completed at once.
  if (url) await waitForMachine(() => endOf(client, url), waiting);
  return { downWithinMs: 0 };
}

/** Azure's name for the power state of a machine. Throws `host_gone` where it does not exist any more. */
async function powerOf(client: AzureClient, serverId: string): Promise<string> {
  const url = client.urlOf(`${serverId}/instanceView`, version);
  const { status, body } = await client.ask(url, { allowed: [404] });
  if (status === 404) throw new ReasonError('host_gone', serverId);
  const prefix = 'PowerState/';
  const power = View.parse(body).statuses.find(({ code }) => code.startsWith(prefix));
  return power?.code.slice(prefix.length) ?? '';
}

/** True once an operation has ended; undefined before. Throws the reason of its failure. */
async function endOf({ ask }: AzureClient, url: string): Promise<true | undefined> {
  const { status, body } = await ask(url);
  const operation = Operation.parse(body);
  if (status === 202) return undefined;
  if (operation.status === 'Succeeded') return true;
  if (operation.status !== 'Failed' && operation.status !== 'Canceled') return undefined;
  const message = `${operation.status}: ${operation.error?.code}: ${operation.error?.message}`;
  throw new ReasonError(azureReasonOf(message) ?? 'cloud_unavailable', message);
}
