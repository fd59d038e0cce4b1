import { ReasonError } from '../../contracts/reasons.ts';
import type { ConsoleRequest } from '../private-server.ts';
import { openCloud } from './open-cloud.ts';

/** The end of the log of a host's process. */
export async function readLocalConsole({ serverId }: ConsoleRequest, env: NodeJS.ProcessEnv): Promise<string> {
  const { cloud, orUnavailable } = openCloud(env);
  try {
    const log = await orUnavailable(cloud.hostLog(serverId));
    if (log === null) throw new ReasonError('host_gone', serverId);
    return log;
  } finally {
    cloud.close();
  }
}
