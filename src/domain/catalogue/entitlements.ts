import type { AddOnName, Features, Limits, Plan } from '../../contracts/catalogue.ts';

/** What the licence of a server allows. */
export interface Entitlements {
  limits: Limits;
  features: Features;
}

/**
 * The entitlements of a plan with its bought add-ons: the plan's limits raised by what was bought (unlimited stays
 * unlimited), the plan's features, and extended support where it was bought. Computed only here, when a cart is
 * checked; quote, server and licence carry the result.
 *
 * Cluster and high availability need three nodes; on one node both features are off, whatever the plan.
 */
export function entitlementsOf({
  plan,
  nodes,
  addOns,
}: {
  plan: Pick<Plan, 'limits' | 'features'>;
  nodes: number;
  addOns: Partial<Record<AddOnName, number>>;
}): Entitlements {
  const raised = (limit: number | null, bought = 0) => (limit === null ? null : limit + bought);
  return {
    limits: {
      ...plan.limits,
      users: raised(plan.limits.users, addOns.users),
      domains: raised(plan.limits.domains, addOns.domains),
      brands: raised(plan.limits.brands, addOns.brands),
    },
    features: {
      extendedSupport: plan.features.extendedSupport || (addOns['extended-support'] ?? 0) > 0,
      cluster: plan.features.cluster && nodes > 1,
      highAvailability: plan.features.highAvailability && nodes > 1,
    },
  };
}
