import type { CloudReport } from '../../contracts/clouds.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { CloudFleetPorts } from './ports.ts';

/**
 * Looks at a cloud from the worker that has its credentials. What is wrong there is in the report, never a failure, and
 * without any of those credentials.
 */
export function checkCloud({ inspect }: Pick<CloudFleetPorts, 'inspect'>) {
  return (cloud: CloudName): Promise<CloudReport> => inspect(cloud);
}
