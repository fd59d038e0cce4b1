import { ReasonError } from '../../contracts/reasons.ts';
import { LicenceView, type StandingPush } from '../../licence/protocol/admin.ts';
import type { LicensingPorts } from './ports.ts';

/**
 * Copies paid-until from the record of a subscription to what it pays for: on the instance, and at the licence server
 * with a higher revision of the standing. It never moves back, and a deleted server is not changed. Idempotent.
 * Errors: `not_found`, `licence_server_unavailable`, `licence_refused`.
 */
export function movePaidUntil({ store, ask }: LicensingPorts) {
  async function push(licenceId: string, body: StandingPush): Promise<void> {
    await ask('POST', `/v1/admin/licenses/${licenceId}/standing`, LicenceView, { body });
  }

  return async (subscriptionId: string): Promise<void> => {
    const subscription = await store.subscriptions.find(subscriptionId);
    if (!subscription) throw new ReasonError('not_found', `subscription ${subscriptionId}`);
    const { subject, paidUntil } = subscription;
    if (!paidUntil) return;
    switch (subject.kind) {
      case 'instance': {
        // A retry of a try that died after the record was written sends the recorded revision.
        const instance = await store.instances.movePaidUntil(subject.id, paidUntil);
        if (!instance?.licenceId || !instance.standing) return;
        const { standing, standingRevision: revision } = instance;
        const until = instance.paidUntil?.toISOString() ?? null;
        return push(instance.licenceId, { standing, revision, paidUntil: until, endsAt: null });
      }
      case 'licence': {
        const { standing: held } = await ask('GET', `/v1/admin/licenses/${subject.id}`, LicenceView);
        if (held.paidUntil && Date.parse(held.paidUntil) >= paidUntil.getTime()) return;
        return push(subject.id, { ...held, revision: held.revision + 1, paidUntil: paidUntil.toISOString() });
      }
    }
  };
}
