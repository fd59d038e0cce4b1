import { alertScenarios } from './alert-scenarios.ts';
import { cloudScenarios } from './cloud-scenarios.ts';
import { correctionScenarios } from './correction-scenarios.ts';
import { driftScenarios } from './drift-scenarios.ts';
import { fleetScenarios } from './fleet-scenarios.ts';
import { operatorScenarios } from './operator-scenarios.ts';
import { orderScenarios } from './order-scenarios.ts';
import { restartScenarios } from './restart-scenarios.ts';
import type { Scenarios } from './scenario.ts';
import { subscriptionScenarios } from './subscription-scenarios.ts';

/** All scenarios, by name; one file of histories is recorded for each. */
export const scenarios: Scenarios = {
  ...orderScenarios,
  ...operatorScenarios,
  ...fleetScenarios,
  ...driftScenarios,
  ...restartScenarios,
  ...cloudScenarios,
  ...subscriptionScenarios,
  ...alertScenarios,
  ...correctionScenarios,
};
