import type { AlertPorts } from './ports.ts';
import { alertTargets, tellTarget } from './tell-operators.ts';

/** How operators are told about incidents. */
export function createAlertActivities(ports: AlertPorts) {
  return { alertTargets: alertTargets(ports), tellTarget: tellTarget(ports) };
}
