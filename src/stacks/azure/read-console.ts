import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { ConsoleRequest } from '../private-server.ts';
import { createAzureClient } from './clients.ts';
import { kinds } from './list-objects.ts';

const { version } = kinds['Microsoft.Compute/virtualMachines'];
const Diagnostics = z.object({ serialConsoleLogBlobUri: z.url().optional() });

/**
 * The serial console of a machine from its boot diagnostics: Azure answers the address of a blob, which is itself the
 * permission to read it, so it is asked without our token and kept nowhere.
 */
export async function readAzureConsole({ serverId, signal }: ConsoleRequest, env: NodeJS.ProcessEnv): Promise<string> {
  const client = createAzureClient(env);
  const url = client.urlOf(`${serverId}/retrieveBootDiagnosticsData`, version);
  const { status, body } = await client.ask(url, { method: 'POST', allowed: [404] });
  if (status === 404) throw new ReasonError('host_gone', serverId);
  const { serialConsoleLogBlobUri: blob } = Diagnostics.parse(body);
  if (!blob) return '';
  const answer = await fetch(blob, { signal }).catch((error: unknown) => {
    throw new ReasonError('cloud_unavailable', 'the boot diagnostics do not answer', { cause: error });
  });
  // A machine that has printed nothing has no blob.
  if (answer.status === 404) return '';
  if (!answer.ok) throw new ReasonError('cloud_unavailable', `the boot diagnostics answered ${answer.status}`);
  return answer.text();
}
