import type { ReasonCode } from '../../contracts/reasons.ts';
import type { Route } from '../../routing/route.ts';
import type { ApiFacts } from '../guards/guard.ts';
import { accountRoutes } from './account.ts';
import { administratorRoutes } from './administrators.ts';
import { catalogueRoutes } from './catalogue.ts';
import { cloudRoutes } from './clouds.ts';
import { eventRoutes } from './events.ts';
import { fleetRoutes } from './fleet.ts';
import { healthRoutes } from './health.ts';
import { hostnameRoutes } from './hostnames.ts';
import { incidentRoutes } from './incidents.ts';
import { instanceRoutes } from './instances.ts';
import { memberRoutes } from './members.ts';
import { operationRoutes } from './operations.ts';
import { operatorRoutes } from './operator.ts';
import { operatorAccountRoutes } from './operator-accounts.ts';
import { operatorOverviewRoutes } from './operator-overview.ts';
import { orderRoutes } from './orders.ts';
import { publicKeyRoutes } from './public-keys.ts';
import { quoteRoutes } from './quotes.ts';

/** Every declared route of the API. */
export const allRoutes: readonly Route<ApiFacts, ReasonCode>[] = [
  ...catalogueRoutes,
  ...quoteRoutes,
  ...hostnameRoutes,
  ...orderRoutes,
  ...eventRoutes,
  ...instanceRoutes,
  ...operationRoutes,
  ...administratorRoutes,
  ...accountRoutes,
  ...memberRoutes,
  ...publicKeyRoutes,
  ...operatorRoutes,
  ...operatorOverviewRoutes,
  ...operatorAccountRoutes,
  ...fleetRoutes,
  ...incidentRoutes,
  ...cloudRoutes,
  ...healthRoutes,
];
