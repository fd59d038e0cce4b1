import type { Reach } from '../../contracts/reach.ts';
import type { Store } from '../../store/store.ts';
import { awaitHealthy } from './await-healthy.ts';

export interface HealthPorts {
  store: Pick<Store, 'instances'>;
  reach: Reach;
  /** The address of a server as a browser opens it. */
  hostUrl(hostname: string): string;
}

/** The hosting activities of a control worker: they look at hosts from outside. */
export function createHealthActivities(ports: HealthPorts) {
  return { awaitHealthy: awaitHealthy(ports) };
}
