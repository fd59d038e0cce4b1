import { nowDate } from '../../../runtime/clock.ts';
import type { PlanData } from '../../protocol/admin.ts';
import type { ServerContext } from '../context.ts';
import type { Activation } from '../store/activations.ts';
import { type OutboxEvent, pushToOutbox } from '../store/outbox.ts';
import type { Plan } from '../store/plans.ts';
import { bootName } from './rotation.ts';

/**
 * How long a seat is kept for its node. The lease is extended before a verdict is signed. On a strict plan the verdict
 * never outlives the lease, so a node that obeys it has stopped before another one can take its seat.
 */
export function isStrict(plan: Pick<PlanData, 'leaseSec' | 'check'>): boolean {
  return leaseSec(plan) >= plan.check.graceSec;
}

export function leaseFrom(at: Date, plan: Plan): Date {
  return new Date(at.getTime() + leaseSec(plan.data) * 1000);
}

function leaseSec({ leaseSec, check }: Pick<PlanData, 'leaseSec' | 'check'>): number {
  return leaseSec ?? check.graceSec;
}

export function backEvent(activation: Activation, at: Date): OutboxEvent {
  const since = activation.seenAt?.toISOString() ?? null;
  return { type: 'instance.back', key: String(since), at, details: { node: activation.node.name, silentSince: since } };
}

/**
 * Extends the lease and records that the node was seen, as a rotating check does, and with `issuedTo` that the current
 * secret is issued to this process; null if the activation has changed since it was judged, or too many have the
 * secret.
 */
export async function keepLease(
  context: ServerContext,
  activation: Activation,
  plan: Plan,
  { issuedTo }: { issuedTo?: string | null } = {},
): Promise<Activation | null> {
  const at = nowDate();
  const leaseUntil = leaseFrom(at, plan);
  // A small extension is not worth a write: the verdict of a strict plan then ends that much earlier.
  const negligibleMs = Math.min(1000, leaseSec(plan.data) * 100);
  const fresh = leaseUntil.getTime() - activation.leaseUntil.getTime() < negligibleMs;
  const boot = issuedTo === undefined ? undefined : bootName(issuedTo);
  const isNewBoot = boot !== undefined && !activation.boots.includes(boot);
  if (fresh && !activation.alarm && !isNewBoot) return activation;
  // Of several processes at once, only as many as may have the secret.
  const isFree = { [`boots.${context.settings.bootsPerSecret - 1}`]: { $exists: false } };
  return context.db.activations.change(
    activation._id,
    { status: 'active', 'secret.hash': activation.secret.hash, ...(isNewBoot ? isFree : {}) },
    {
      $set: { leaseUntil, seenAt: at, alarm: null },
      ...(isNewBoot ? { $addToSet: { boots: boot } } : {}),
      ...pushToOutbox(activation.alarm ? backEvent(activation, at) : null),
    },
  );
}
