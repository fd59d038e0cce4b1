import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import {
  EndEnrolmentsAnswer,
  type IssueLicence,
  LicenceView,
  type RevokeLicence,
} from '../../licence/protocol/admin.ts';
import type { LicensingPorts } from './ports.ts';

/** This step issues the licence, one seat per node. Undo: `revoke-licence`. */
export function issueLicence({ store, ask }: LicensingPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await store.instances.find(context.instanceId);
    if (!instance) throw new ReasonError('not_found', `instance ${context.instanceId}`);
    const licence = await ask('POST', '/v1/admin/licenses', LicenceView, {
      idempotencyKey: `${context.instanceId}:${context.operationId}:${context.step}`,
      body: {
        product: instance.product,
        plan: instance.plan,
        seats: instance.seats,
        developmentSeats: 0,
        externalRef: instance._id,
        account: instance.accountId,
        standing: {
          standing: 'current',
          revision: 1,
          paidUntil: instance.paidUntil?.toISOString() ?? null,
          endsAt: null,
        },
        addOns: {},
        limits: instance.limits,
        features: instance.features,
        revealKey: false,
      } satisfies IssueLicence,
    });
    await store.instances.update(instance._id, { licenceId: licence.licenseId });
  };
}

/** This step revokes the licence and closes its enrolment; its seats become free. A no-op without a licence. */
export function revokeLicence({ store, ask }: LicensingPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await store.instances.find(context.instanceId);
    if (!instance) return;
    // By reference, not by the recorded id: the response of the issue may have been lost.
    const path = `/v1/admin/licenses?externalRef=${encodeURIComponent(instance._id)}`;
    const { licenses } = await ask('GET', path, z.object({ licenses: z.array(LicenceView) }));
    for (const { licenseId } of licenses) {
      await ask('POST', '/v1/admin/enrollments/close', EndEnrolmentsAnswer, { body: { licenseId } });
      await ask('POST', `/v1/admin/licenses/${licenseId}/revoke`, LicenceView, {
        body: { reason: 'order undone' } satisfies RevokeLicence,
      });
    }
  };
}
