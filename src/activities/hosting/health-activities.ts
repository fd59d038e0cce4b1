import type { Store } from '../../store/store.ts';
import { awaitHealthy } from './await-healthy.ts';
import type { HostView } from './read-host-health.ts';

export interface HealthPorts extends HostView {
  store: Pick<Store, 'instances'>;
}

/** The hosting activities of a control worker: they look at hosts from outside. */
export function createHealthActivities(ports: HealthPorts) {
  return { awaitHealthy: awaitHealthy(ports) };
}
