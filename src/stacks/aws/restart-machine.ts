import {
  DescribeInstancesCommand,
  type EC2Client,
  RebootInstancesCommand,
  StartInstancesCommand,
} from '@aws-sdk/client-ec2';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Restarted, RestartRequest } from '../private-server.ts';
import { waitForMachine } from '../wait-for-machine.ts';
import { createAwsClients } from './clients.ts';
import { mapAwsErrors } from './inventory.ts';
import { awsSettings } from './settings.ts';

/**
 * Reboots a running machine and starts a stopped one. A reboot keeps the machine's capacity at Amazon, while a start
 * after a stop may find none. EC2 accepts the request at once, reports the machine as running all the time, and cuts
 * the power itself where the operating system does not shut down within some minutes.
 */
export async function restartAwsMachine(request: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted> {
  const { serverId, region, signal } = request;
  const settings = awsSettings(env);
  const clients = createAwsClients();
  const { ec2 } = clients.in(region);
  const waiting = { serverId, pauseMs: settings.FREEHOLD_AWS_REMOVE_PAUSE_MS, signal };
  const which = { InstanceIds: [serverId] };
  const stateAmong = async (states: readonly string[]) => {
    const state = await stateOf(ec2, serverId);
    return states.includes(state) ? state : undefined;
  };
  try {
    const state = await waitForMachine(() => stateAmong(['running', 'stopped']), waiting);
    if (state === 'running') {
      await mapAwsErrors(() => ec2.send(new RebootInstancesCommand(which)));
      return { downWithinMs: settings.FREEHOLD_AWS_REBOOT_MS };
    }
    await mapAwsErrors(() => ec2.send(new StartInstancesCommand(which)));
    await waitForMachine(() => stateAmong(['running']), waiting);
    return { downWithinMs: 0 };
  } finally {
    clients.close();
  }
}

/** EC2's name for the state of a machine. Throws `host_gone` where it does not exist any more. */
async function stateOf(ec2: EC2Client, serverId: string): Promise<string> {
  const isUnknown = (error: unknown) => error instanceof Error && error.name === 'InvalidInstanceID.NotFound';
  const { Reservations = [] } = await mapAwsErrors(() =>
    ec2.send(new DescribeInstancesCommand({ InstanceIds: [serverId] })).catch((error: unknown) => {
      if (isUnknown(error)) return { Reservations: [] };
      throw error;
    }),
  );
  const state = Reservations.flatMap(({ Instances = [] }) => Instances)[0]?.State?.Name ?? 'terminated';
  if (state === 'terminated' || state === 'shutting-down') throw new ReasonError('host_gone', serverId);
  return state;
}
