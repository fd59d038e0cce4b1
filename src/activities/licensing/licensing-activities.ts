import { awaitActivation } from './await-activation.ts';
import { issueLicence, revokeLicence } from './issue-licence.ts';
import { movePaidUntil } from './move-paid-until.ts';
import type { LicensingPorts } from './ports.ts';

export function createLicensingActivities(ports: LicensingPorts) {
  return {
    issueLicence: issueLicence(ports),
    revokeLicence: revokeLicence(ports),
    awaitActivation: awaitActivation(ports),
    movePaidUntil: movePaidUntil(ports),
  };
}
