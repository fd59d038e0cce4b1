import { z } from 'zod';
import type { Page, PassSettings } from '../../contracts/fleet.ts';
import type { LicenceFacts, ListedLicence } from '../../domain/fleet/reconcile.ts';
import { LicenceList, LicenceView } from '../../licence/protocol/admin.ts';
import type { FleetPorts } from './ports.ts';

const Found = z.object({ licenses: z.array(LicenceView) });
/** Statuses of licences that grant no right any more. */
const endedStatuses: readonly string[] = ['REVOKED', 'EXPIRED'];

/** The licences of each of these instances that still grant a right, by instance id. */
export function readLicences({ ask }: FleetPorts) {
  return async (instanceIds: string[]): Promise<Record<string, LicenceFacts[]>> => {
    const facts: Record<string, LicenceFacts[]> = {};
    for (const instanceId of instanceIds) {
      const path = `/v1/admin/licenses?externalRef=${encodeURIComponent(instanceId)}`;
      const { licenses } = await ask('GET', path, Found);
      facts[instanceId] = licenses
        .filter(({ status }) => !endedStatuses.includes(status))
        .map(({ licenseId: licenceId, standing }) => ({
          licenceId,
          standing: standing.standing,
          revision: standing.revision,
        }));
    }
    return facts;
  };
}

/** A page of all licences that were not revoked. */
export function readLicenceList({ ask }: FleetPorts) {
  return async ({ pageSize }: PassSettings, after: string): Promise<Page<ListedLicence>> => {
    const path = `/v1/admin/licenses?after=${encodeURIComponent(after)}&limit=${pageSize}`;
    const { licenses, next } = await ask('GET', path, LicenceList);
    const items = licenses
      .filter(({ status }) => !endedStatuses.includes(status))
      .map(({ licenseId, externalRef, createdAt }) => ({
        licenceId: licenseId,
        externalRef,
        createdAt: Date.parse(createdAt),
      }));
    return { items, next };
  };
}
