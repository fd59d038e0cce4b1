import { nowDate } from '../../../runtime/clock.ts';
import type { PlanData, ProductData, ReleaseData } from '../../protocol/admin.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { type Plan, planId } from '../store/plans.ts';
import type { Product } from '../store/products.ts';
import type { Release } from '../store/releases.ts';

/** Products, plans and releases for which licences are sold. Every call may be repeated; each change is audited. */

/** Registers a product, or renames it; its code is the audience of every verdict. */
export async function putProduct(
  context: ServerContext,
  product: string,
  { name }: ProductData,
  by: Actor,
): Promise<void> {
  const note = await context.db.products.put({ _id: product, name }, (before) =>
    auditNote({
      ...by,
      at: nowDate(),
      action: 'product.registered',
      before: before && { name: before.name },
      after: { product, name },
    }),
  );
  if (note !== null) await audit(context, note);
}

/** Stores a plan and, if its data changed, updates its licences, so that their nodes get it at the next check. */
export async function putPlan(
  context: ServerContext,
  at: { product: string; plan: string },
  data: PlanData,
  by: Actor,
): Promise<Plan> {
  await requireProduct(context, at.product);
  const { plan, note } = await context.db.plans.put(planId(at.product, at.plan), data, (before, next) =>
    auditNote({
      ...by,
      at: nowDate(),
      action: 'plan.changed',
      before: before && { revision: before.revision, data: before.data },
      after: { plan: next._id, revision: next.revision, data },
    }),
  );
  // Also if the data was stored already: a crash may have interrupted this.
  await context.db.licences.spreadPlan(at.product, at.plan, plan.revision, {
    type: 'license.plan-changed',
    key: `plan-${plan.revision}`,
    at: nowDate(),
    details: { plan: at.plan, planDataRevision: plan.revision },
  });
  if (note !== null) await audit(context, note);
  return plan;
}

/** Registers a version, or corrects its day; perpetual licences follow at the next check of their nodes. */
export async function putRelease(
  context: ServerContext,
  at: { product: string; version: string },
  data: ReleaseData,
  by: Actor,
): Promise<void> {
  await requireProduct(context, at.product);
  const release = { ...at, ...data };
  const note = await context.db.releases.put(release, (before) =>
    auditNote({
      ...by,
      at: nowDate(),
      action: 'release.registered',
      before: before && { releasedOn: before.releasedOn },
      after: release,
    }),
  );
  if (note !== null) await audit(context, note);
}

async function requireProduct(context: ServerContext, product: string): Promise<void> {
  if ((await context.db.products.find(product)) !== null) return;
  throw new Refusal('UNKNOWN_PRODUCT_OR_PLAN', `There is no product ${product}.`);
}

/** Throws NOT_REGISTERED. */
export async function readProduct(context: ServerContext, code: string): Promise<Product> {
  return registered(await context.db.products.find(code), `product ${code}`);
}

/** Throws NOT_REGISTERED. */
export async function readPlan(context: ServerContext, at: { product: string; plan: string }): Promise<Plan> {
  return registered(await context.db.plans.find(planId(at.product, at.plan)), `plan ${at.product}/${at.plan}`);
}

/** Throws NOT_REGISTERED. */
export async function readRelease(context: ServerContext, at: { product: string; version: string }): Promise<Release> {
  const [release] = await context.db.releases.find(at.product, [at.version]);
  return registered(release, `release ${at.version} of ${at.product}`);
}

function registered<T>(found: T | null | undefined, what: string): T {
  if (found === null || found === undefined) throw new Refusal('NOT_REGISTERED', `There is no ${what}.`);
  return found;
}

/** The plan, if it has all these add-ons. Throws UNKNOWN_PRODUCT_OR_PLAN. */
export async function knownPlan(
  context: ServerContext,
  product: string,
  code: string,
  addOns: Record<string, number>,
): Promise<Plan> {
  const plan = await context.db.plans.find(planId(product, code));
  if (plan === null) throw new Refusal('UNKNOWN_PRODUCT_OR_PLAN', `There is no plan ${product}/${code}.`);
  const unknown = Object.keys(addOns).find((addOn) => !Object.hasOwn(plan.data.addOns, addOn));
  if (unknown !== undefined) {
    throw new Refusal('UNKNOWN_PRODUCT_OR_PLAN', `The plan ${product}/${code} has no add-on ${unknown}.`);
  }
  return plan;
}
