import type { CloudReport } from '../../contracts/clouds.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { CloudFleetPorts } from './ports.ts';

/**
 * Checks a cloud from the worker that has its credentials. Problems are in the report, never a failure, and the
 * report contains no credentials.
 */
export function checkCloud({ inspect }: Pick<CloudFleetPorts, 'inspect'>) {
  return (cloud: CloudName): Promise<CloudReport> => inspect(cloud);
}
