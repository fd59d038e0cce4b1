import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import { ReasonError } from '../../contracts/reasons.ts';
import type { ConsoleRequest } from '../private-server.ts';
import { createAwsClients } from './clients.ts';
import { mapAwsErrors } from './inventory.ts';

/** The console output of a machine as it is at this moment, which EC2 sends in base64: at most the newest 64 KiB. */
export async function readAwsConsole({ serverId, region, signal }: ConsoleRequest): Promise<string> {
  const clients = createAwsClients();
  try {
    const { Output = '' } = await mapAwsErrors(() =>
      clients
        .in(region)
        .ec2.send(new GetConsoleOutputCommand({ InstanceId: serverId, Latest: true }), { abortSignal: signal })
        .catch((error: unknown) => {
          const isUnknown = error instanceof Error && error.name === 'InvalidInstanceID.NotFound';
          throw isUnknown ? new ReasonError('host_gone', serverId) : error;
        }),
    );
    return Buffer.from(Output, 'base64').toString('utf8');
  } finally {
    clients.close();
  }
}
