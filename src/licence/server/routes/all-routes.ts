import type { Route } from '../../../routing/route.ts';
import type { LicenceCode } from '../../protocol/codes.ts';
import type { LicenceFacts } from '../guards/guard.ts';
import { activationRoutes } from './activations.ts';
import { auditAdminRoutes } from './audit-admin.ts';
import { claimRoutes } from './claims.ts';
import { enrolmentAdminRoutes } from './enrolments-admin.ts';
import { healthRoutes } from './health.ts';
import { instanceRoutes } from './instances.ts';
import { instanceAdminRoutes } from './instances-admin.ts';
import { licenceAdminRoutes } from './licences-admin.ts';
import { offlineFileRoutes } from './offline-files.ts';
import { portalInstanceRoutes } from './portal-instances.ts';
import { portalLicenceRoutes } from './portal-licences.ts';
import { productAdminRoutes } from './products-admin.ts';
import { publicKeyRoutes } from './public-keys.ts';
import { signingKeyAdminRoutes } from './signing-keys-admin.ts';
import { validateRoutes } from './validate.ts';
import { webhookAdminRoutes } from './webhooks-admin.ts';

/** Every declared route of the licence server. */
export const allRoutes: readonly Route<LicenceFacts, LicenceCode>[] = [
  ...activationRoutes,
  ...instanceRoutes,
  ...validateRoutes,
  ...publicKeyRoutes,
  ...portalLicenceRoutes,
  ...portalInstanceRoutes,
  ...productAdminRoutes,
  ...licenceAdminRoutes,
  ...instanceAdminRoutes,
  ...enrolmentAdminRoutes,
  ...auditAdminRoutes,
  ...claimRoutes,
  ...offlineFileRoutes,
  ...webhookAdminRoutes,
  ...signingKeyAdminRoutes,
  ...healthRoutes,
];
