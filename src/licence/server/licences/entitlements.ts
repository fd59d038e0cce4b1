import type { PlanData } from '../../protocol/admin.ts';
import type { Features, Limits } from '../../protocol/verdict.ts';

/** A licence's own entitlements, beside its plan. */
export interface LicenceEntitlements {
  addOns: Record<string, number>;
  limits: Limits;
  features: Features;
}

/** Limits and features in force: those of the plan, plus the add-ons, overridden by the licence's own values. */
export function effectiveEntitlements(
  plan: Pick<PlanData, 'limits' | 'features' | 'addOns'>,
  licence: LicenceEntitlements,
): { limits: Limits; features: Features } {
  const limits: Limits = { ...plan.limits };
  for (const [addOn, quantity] of Object.entries(licence.addOns)) {
    const added = Object.hasOwn(plan.addOns, addOn) ? plan.addOns[addOn]?.limits : undefined;
    for (const [name, each] of Object.entries(added ?? {})) {
      const base = limits[name];
      if (typeof base === 'number') limits[name] = base + each * quantity;
    }
  }
  return { limits: { ...limits, ...licence.limits }, features: { ...plan.features, ...licence.features } };
}

/** Names of the limits that the reported usage exceeds. */
export function exceededLimits(limits: Limits, usage: Record<string, number>): string[] {
  return Object.entries(usage)
    .filter(([name, used]) => typeof limits[name] === 'number' && used > limits[name])
    .map(([name]) => name);
}
