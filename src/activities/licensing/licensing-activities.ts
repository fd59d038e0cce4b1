import type { Store } from '../../store/store.ts';
import { awaitActivation } from './await-activation.ts';
import { issueLicence, revokeLicence } from './issue-licence.ts';
import type { LicenceAdmin } from './licence-admin.ts';
import { movePaidUntil } from './move-paid-until.ts';

export interface LicensingPorts {
  store: Store;
  ask: LicenceAdmin;
}

export function createLicensingActivities(ports: LicensingPorts) {
  return {
    issueLicence: issueLicence(ports),
    revokeLicence: revokeLicence(ports),
    awaitActivation: awaitActivation(ports),
    movePaidUntil: movePaidUntil(ports),
  };
}
