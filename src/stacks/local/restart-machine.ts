import { randomUUID } from 'node:crypto';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Restarted, RestartRequest } from '../private-server.ts';
import { openCloud } from './open-cloud.ts';

/** Cuts the power of a host of the small cloud and boots it again; the token makes the client's own retries safe. */
export async function restartLocalMachine({ serverId }: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted> {
  const { cloud, orUnavailable } = openCloud(env);
  try {
    const host = await orUnavailable(cloud.restartHost(serverId, randomUUID()));
    if (!host) throw new ReasonError('host_gone', serverId);
    return { downWithinMs: 0 };
  } finally {
    cloud.close();
  }
}
