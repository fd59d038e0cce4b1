import type { ActivationStatus, AuditEntry } from '../../protocol/admin.ts';
import type { PortalInstance, PortalLicence } from '../../protocol/portal.ts';
import { planOf } from '../activations/verdicts.ts';
import type { ServerContext } from '../context.ts';
import { canShowKey } from '../keys/stored-keys.ts';
import { activationView, licenceView } from '../licences/licences-admin.ts';
import type { Activation } from '../store/activations.ts';
import type { AuditRecord } from '../store/audit.ts';
import type { Licence } from '../store/licence.ts';

/** Nodes that ever had a seat. */
export const seatedStatuses: ActivationStatus[] = [
  'active',
  'released',
  'expired',
  'replaced',
  'deactivated',
  'reduced',
  'revoked',
];

export async function portalLicence(context: ServerContext, licence: Licence): Promise<PortalLicence> {
  const { licenseKey: _, activations: __, ...view } = await licenceView(context, licence);
  return { ...view, keyShown: canShowKey(licence, await planOf(context, licence)) };
}

export function portalInstance(licence: Licence, activation: Activation): PortalInstance {
  const { hostname, provider, region } = activation.node;
  const { refusedCopy } = activation;
  return {
    ...activationView(licence, activation),
    licenseId: licence._id,
    hostname: hostname ?? null,
    provider: provider ?? null,
    region: region ?? null,
    bootId: activation.bootId,
    usage: activation.usage,
    refusedCopy: refusedCopy
      ? { bootId: refusedCopy.bootId, address: refusedCopy.address, at: refusedCopy.at.toISOString() }
      : null,
  };
}

export function auditEntry(record: AuditRecord): AuditEntry {
  const { at, actor, action, licenceId, activationId, requestId, before, after } = record;
  return {
    at: at.toISOString(),
    actor,
    action,
    licenseId: licenceId,
    instanceId: activationId,
    requestId,
    before,
    after,
  };
}
