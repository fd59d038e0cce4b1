import { awaitHealthy } from './await-healthy.ts';
import type { HealthPorts } from './ports.ts';

/** The hosting activities of a control worker: they observe hosts from outside. */
export function createHealthActivities(ports: HealthPorts) {
  return { awaitHealthy: awaitHealthy(ports) };
}
